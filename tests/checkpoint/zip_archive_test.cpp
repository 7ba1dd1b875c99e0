#include "checkpoint/zip_archive.h"

#include <gtest/gtest.h>

#include "checkpoint/zip_bytes.h"
#include "support/status.h"

namespace chatterbox::checkpoint {
namespace {

using testing::make_zip;
using testing::ZipEntry;
using testing::zip::little_endian;

std::map<std::string, ZipRecord> read(const std::string& bytes) {
  return read_zip(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), "some/file");
}

void expect_refused(const std::string& bytes, const std::string& why) {
  try {
    static_cast<void>(read(bytes));
    ADD_FAILURE() << "not refused, though: " << why;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadModelFile);
    const std::string message = error.what();
    EXPECT_EQ(message.rfind("some/file: ", 0), 0U) << message;
    EXPECT_NE(message.find(why), std::string::npos) << message << "\n does not say: " << why;
  }
}

std::string text(const ZipRecord& record) { return {record.data, record.data + record.size}; }

// Writes `value` over the bytes at `offset`.
std::string patched(std::string bytes, size_t offset, uint64_t value, size_t count) {
  return bytes.replace(offset, count, little_endian(value, count));
}

const std::vector<ZipEntry> kTwo = {{"a/data.pkl", "first"}, {"a/data/0", "123456789"}};

TEST(ZipArchive, RecordsByName) {
  const std::string bytes = make_zip(kTwo);
  const auto records = read(bytes);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(text(records.at("a/data.pkl")), "first");
  EXPECT_EQ(text(records.at("a/data/0")), "123456789");
  EXPECT_EQ(read(make_zip({{"empty", ""}})).at("empty").size, 0U);
  EXPECT_TRUE(read(make_zip({})).empty());
}

// The check value of CRC-32 as its catalogues have it, so that reader and test cannot err alike.
TEST(ZipArchive, ChecksumIsZipsOwn) {
  EXPECT_EQ(testing::crc32("123456789", 9), 0xCBF43926U);
  ZipEntry entry{"a", "123456789"};
  entry.crc = 0xCBF43926;
  EXPECT_EQ(read(make_zip({entry})).size(), 1U);
  entry.crc = 0xCBF43927;
  expect_refused(make_zip({entry}), "zip record a is damaged: its CRC-32 differs");
}

TEST(ZipArchive, EndRecordMayHaveAComment) {
  std::string bytes = make_zip(kTwo);
  bytes = patched(bytes, bytes.size() - 2, 5, 2) + "hello";
  EXPECT_EQ(read(bytes).size(), 2U);
  expect_refused(bytes + "!", "its end record is missing");
  expect_refused(make_zip(kTwo) + "x", "its end record is missing");
}

// As torch.save writes archives of 4 GiB, but small: the sizes are in the zip64 records alone.
TEST(ZipArchive, Zip64) {
  const std::string records = testing::zip::local_record({"big", "bytes"});
  std::string directory = testing::zip::central_record({"big", "bytes"}, 0);
  directory = patched(directory, 20, 0xffffffff, 4);  // stored size
  directory = patched(directory, 24, 0xffffffff, 4);  // size
  directory = patched(directory, 30, 20, 2);          // bytes of extra fields
  directory +=
      little_endian(1, 2) + little_endian(16, 2) + little_endian(5, 8) + little_endian(5, 8);
  const size_t end64 = records.size() + directory.size();
  const std::string tail = "PK\x06\x06" + little_endian(44, 8) + little_endian(45, 4) +
                           little_endian(0, 8) + little_endian(1, 8) + little_endian(1, 8) +
                           little_endian(directory.size(), 8) + little_endian(records.size(), 8) +
                           "PK\x06\x07" + little_endian(0, 4) + little_endian(end64, 8) +
                           little_endian(1, 4);
  const std::string end = testing::zip::end_record(1, 0xffffffff, 0xffffffff);
  const std::string bytes = records + directory + tail + end;
  EXPECT_EQ(text(read(bytes).at("big")), "bytes");

  expect_refused(patched(bytes, end64, 0, 4), "no zip64 end record");
  const size_t extra = records.size() + 46 + 3;  // after the entry and its name
  expect_refused(patched(bytes, extra + 2, 17, 2), "extra field of big");
  expect_refused(patched(bytes, extra + 2, 8, 2), "damaged zip64 field of big");
  expect_refused(patched(bytes, extra + 4, UINT64_MAX, 8), "compressed or encrypted");
  expect_refused(patched(patched(bytes, extra + 4, UINT64_MAX, 8), extra + 12, UINT64_MAX, 8),
                 "reach into the directory");
}

// Deflate's "stored" block of the three letters: a compressed record that any zip program reads.
TEST(ZipArchive, CompressedAndEncryptedRecordsAreRefused) {
  ZipEntry deflated{"a",
                    std::string("\x01\x03\x00\xfc\xff"
                                "abc",
                                8),
                    8};
  deflated.size = 3;
  deflated.crc = testing::crc32("abc", 3);
  const char* why = "zip record a is compressed or encrypted";
  expect_refused(make_zip({deflated}), why);
  expect_refused(make_zip({{"a", "abc", 0, 1}}), why);  // the flag of encryption
  ZipEntry shrunk{"a", "abc"};
  shrunk.size = 300;
  expect_refused(make_zip({shrunk}), why);
}

TEST(ZipArchive, NamesThatAreNotPlainOrThereTwice) {
  expect_refused(make_zip({{"a", "1"}, {"b", "2"}, {"a", "3"}}), "zip record a is there twice");
  expect_refused(make_zip({{"a\n", "1"}}), "not printable ASCII");
  expect_refused(make_zip({{std::string("a\0b", 3), "1"}}), "not printable ASCII");
  expect_refused(make_zip({{"\xc3\xa4", "1"}}), "not printable ASCII");
  ZipEntry other{"a", "1"};
  other.local_name = "b";
  expect_refused(make_zip({other}), "zip record a is not where the directory says");
}

TEST(ZipArchive, DamagedDirectory) {
  const std::string bytes = make_zip(kTwo);
  const size_t end = bytes.size() - 22;
  const size_t directory =
      testing::zip::local_record(kTwo[0]).size() + testing::zip::local_record(kTwo[1]).size();
  expect_refused("", "0 bytes are too few for a zip archive");
  expect_refused(bytes.substr(0, 21), "21 bytes are too few");
  expect_refused(patched(bytes, end, 0, 4), "its end record is missing");
  expect_refused(patched(bytes, end + 4, 1, 2), "in several parts");
  expect_refused(patched(bytes, end + 8, 1, 2), "in several parts");
  expect_refused(patched(patched(bytes, end + 8, 3, 2), end + 10, 3, 2), "no directory entry at");
  expect_refused(patched(patched(bytes, end + 8, 1, 2), end + 10, 1, 2), "after its directory");
  expect_refused(patched(bytes, end + 12, 1'000'000, 4), "lie beyond its");
  expect_refused(patched(bytes, end + 16, 0xffffffff, 4), "lie beyond its");
  expect_refused(patched(bytes, directory, 0, 4), "no directory entry at");
  expect_refused(patched(bytes, directory + 28, 0xffff, 2), "entry at");
  ZipEntry far{"a", "1"};
  far.local_offset = 1000;
  expect_refused(make_zip({far}), "lie beyond its");
  // A size that reaches into the directory; the local header's size does not count.
  expect_refused(patched(patched(bytes, directory + 20, 200, 4), directory + 24, 200, 4),
                 "reach into the directory");
}

// 1000 headers, each with all that follows as its bytes, would be 1000 checksums of the file.
TEST(ZipArchive, RecordsThatShareBytesAreRefused) {
  ZipEntry outer{"a", testing::zip::local_record({"b", "12345"})};
  const std::string records = testing::zip::local_record(outer);
  const std::string directory =
      testing::zip::central_record(outer, 0) +
      testing::zip::central_record({"b", "12345"}, records.size() - outer.bytes.size());
  std::string bytes =
      records + directory + testing::zip::end_record(2, directory.size(), records.size());
  EXPECT_EQ(read(bytes).size(), 2U);  // five bytes twice are harmless

  std::string many, entries, all;
  constexpr size_t kCount = 100;
  constexpr size_t kHeader = 31;
  for (size_t i = kCount; i-- > 0;) {
    all = testing::zip::local_record({std::string(1, static_cast<char>('!' + i % 90)), all});
  }
  for (size_t i = 0; i < kCount; ++i) {
    const std::string name(1, static_cast<char>('!' + i % 90));
    entries += testing::zip::central_record({name, all.substr((i + 1) * kHeader)}, i * kHeader);
  }
  expect_refused(all + entries + testing::zip::end_record(kCount, entries.size(), all.size()),
                 "overlaps others");
}

TEST(ZipArchive, TooManyRecords) {
  std::string directory, records;
  for (size_t i = 0; i <= 100'000; ++i) {
    const ZipEntry entry{std::to_string(i), ""};
    directory += testing::zip::central_record(entry, records.size());
    records += testing::zip::local_record(entry);
  }
  const size_t end64 = records.size() + directory.size();
  const std::string tail = "PK\x06\x06" + little_endian(44, 8) + little_endian(45, 4) +
                           little_endian(0, 8) + little_endian(100'001, 8) +
                           little_endian(100'001, 8) + little_endian(directory.size(), 8) +
                           little_endian(records.size(), 8) + "PK\x06\x07" + little_endian(0, 4) +
                           little_endian(end64, 8) + little_endian(1, 4);
  expect_refused(
      records + directory + tail + testing::zip::end_record(0xffff, 0xffffffff, 0xffffffff),
      "100001 zip records, the limit is 100000");
}

TEST(ZipArchive, EveryTruncation) {
  const std::string bytes = make_zip(kTwo);
  for (size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    expect_refused(bytes.substr(0, size), size < 22 ? "too few" : "end record is missing");
  }
}

}  // namespace
}  // namespace chatterbox::checkpoint
