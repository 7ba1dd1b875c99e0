"""How near two recordings are: dynamic time warping over mels."""
import numba
import numpy as np
import torch

import audio


class Judge:
    """Compares what is said. `mean`, `deviation`: of the mel's bands, [80] each."""

    def __init__(self, mean, deviation):
        self.mean, self.deviation = mean, deviation

    def features(self, mel):
        """mel [T, 80] -> [T / 2, 160], a row for 40 ms"""
        normed = (mel - self.mean) / self.deviation
        return normed[:len(normed) // 2 * 2].reshape(len(normed) // 2, -1).numpy().astype(np.float32)

    def of_wave(self, wave):
        return self.features(audio.mel(wave))

    @staticmethod
    def distance(a, b):
        """0 for the same; mean cost along the best path, in deviations of a band."""
        costs = torch.cdist(torch.from_numpy(a), torch.from_numpy(b)).numpy() / np.sqrt(a.shape[1])
        return _path_cost(costs) / (len(a) + len(b))

    def ranking(self, features, candidates):
        """Distances to all candidates, and the number of the nearest."""
        distances = [self.distance(features, c) for c in candidates]
        return distances, int(np.argmin(distances))


@numba.njit(cache=False)
def _path_cost(costs):
    rows, columns = costs.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    for i in range(rows):
        for j in range(columns):
            before = min(total[i, j], total[i, j + 1], total[i + 1, j])
            total[i + 1, j + 1] = costs[i, j] + before
    return total[rows, columns]
