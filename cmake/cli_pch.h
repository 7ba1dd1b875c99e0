// The expensive part of what reads a command line.
#pragma once
#include <CLI/CLI.hpp>

#include "app_pch.h"
