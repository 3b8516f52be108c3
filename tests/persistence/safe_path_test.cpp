#include "persistence/safe_path.h"

#include "tests/persistence/store_fixture.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace posthaste::persistence {
namespace {

namespace fs = std::filesystem;

mode_t mode_of(const std::string& path) {
  struct stat facts {};
  EXPECT_EQ(::stat(path.c_str(), &facts), 0);
  return facts.st_mode & 0777;
}

class SafePath : public ::testing::Test {
protected:
  Result<FileDescriptor> create(const std::string& path) {
    return open_private_directory(path, Missing::create);
  }
  void expect_refused(const std::string& path, const std::string& reason) {
    const Result<FileDescriptor> opened = create(path);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::store_unavailable);
    EXPECT_NE(opened.error().message().find(reason), std::string::npos) << opened.error().message();
  }
  ScratchDirectory scratch_;
};

TEST_F(SafePath, CreatesEveryMissingComponentForTheOwnerAlone) {
  ASSERT_TRUE(create(scratch_ / "a/b/c"));
  EXPECT_EQ(mode_of(scratch_ / "a"), 0700u);
  EXPECT_EQ(mode_of(scratch_ / "a/b"), 0700u);
  EXPECT_EQ(mode_of(scratch_ / "a/b/c"), 0700u);
}

TEST_F(SafePath, TakesReadingAwayFromOthers) {
  fs::create_directory(scratch_ / "a");
  fs::permissions(scratch_ / "a", fs::perms{0755});
  ASSERT_TRUE(create(scratch_ / "a"));
  EXPECT_EQ(mode_of(scratch_ / "a"), 0700u);
}

TEST_F(SafePath, RefusesADirectoryThatOthersMayWrite) {
  fs::create_directory(scratch_ / "a");
  fs::permissions(scratch_ / "a", fs::perms{0770});
  expect_refused(scratch_ / "a", "writable by group or others");
}

TEST_F(SafePath, RefusesADirectoryThatEverybodyCanReplace) {
  fs::create_directory(scratch_ / "open");
  fs::permissions(scratch_ / "open", fs::perms{0777});
  expect_refused(scratch_ / "open/a", "everybody can replace");
}

TEST_F(SafePath, TakesTheRootOfAVolumeThatEverybodyMayWrite) {
  fs::create_directory(scratch_ / "volume");
  // As Kubernetes mounts an emptyDir.
  if (::mount("none", (scratch_ / "volume").c_str(), "tmpfs", 0, "mode=0777,size=1m") != 0) {
    GTEST_SKIP() << "needs the right to mount";
  }
  EXPECT_TRUE(create(scratch_ / "volume/store"));
  EXPECT_EQ(mode_of(scratch_ / "volume/store"), 0700u);
  fs::create_directory(scratch_ / "volume/open");
  fs::permissions(scratch_ / "volume/open", fs::perms{0777});
  expect_refused(scratch_ / "volume/open/a", "everybody can replace");
  EXPECT_EQ(::umount2((scratch_ / "volume").c_str(), MNT_DETACH), 0);
}

TEST_F(SafePath, RefusesALinkAsTheLastComponent) {
  fs::create_directory(scratch_ / "real");
  fs::create_directory_symlink(scratch_ / "real", scratch_ / "link");
  expect_refused(scratch_ / "link", "symbolic link");
}

TEST_F(SafePath, RefusesALinkOnTheWay) {
  fs::create_directory(scratch_ / "real");
  fs::create_directory_symlink(scratch_ / "real", scratch_ / "link");
  expect_refused(scratch_ / "link/a", "symbolic link");
  EXPECT_FALSE(fs::exists(scratch_ / "real/a"));
}

TEST_F(SafePath, RefusesAFileInTheWay) {
  std::ofstream{scratch_ / "file"} << "x";
  expect_refused(scratch_ / "file/a", "Not a directory");
}

TEST_F(SafePath, RefusesRelativePathsAndDots) {
  expect_refused("relative/path", "absolute");
  expect_refused(scratch_ / "a/../b", ". or ..");
  expect_refused("", "absolute");
  expect_refused("/", "root");
}

TEST_F(SafePath, RefusesASystemsFileSystem) {
  const Result<FileDescriptor> opened = open_private_directory("/proc/self/fdinfo", Missing::fail);
  EXPECT_FALSE(opened);
}

TEST_F(SafePath, RefusesADirectoryOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make such a directory";
  fs::create_directory(scratch_ / "a");
  ASSERT_EQ(::chown((scratch_ / "a").c_str(), 12345, 12345), 0);
  expect_refused(scratch_ / "a", "belongs to another user");
}

TEST_F(SafePath, DoesNotCreateWhenItMustBeThere) {
  EXPECT_FALSE(open_private_directory(scratch_ / "a", Missing::fail));
  EXPECT_FALSE(fs::exists(scratch_ / "a"));
}

}  // namespace
}  // namespace posthaste::persistence
