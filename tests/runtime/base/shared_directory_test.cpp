#include "runtime/base/shared_directory.h"

#include "runtime/base/file_descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

namespace posthaste {
namespace {

struct stat facts(mode_t mode, uid_t owner) {
  struct stat made {};
  made.st_mode = S_IFDIR | mode;
  made.st_uid = owner;
  return made;
}

TEST(SharedDirectory, IsSafeWhereOthersCannotReplaceWhatIsInIt) {
  EXPECT_EQ(sharing_of(facts(0755, 1000), false), Sharing::safe);
  EXPECT_EQ(sharing_of(facts(0775, 0), true), Sharing::safe);
  EXPECT_EQ(sharing_of(facts(01777, 0), false), Sharing::safe);
}

TEST(SharedDirectory, IsAVolumeOnlyAtAMountPointOfRoots) {
  EXPECT_EQ(sharing_of(facts(0777, 0), true), Sharing::volume);
  EXPECT_EQ(sharing_of(facts(0777, 0), false), Sharing::open);
  EXPECT_EQ(sharing_of(facts(0777, 1000), true), Sharing::open);
}

TEST(SharedDirectory, TellsAnOrdinaryDirectoryFromAMountPoint) {
  std::string path = "/tmp/posthaste-shared-XXXXXX";
  ASSERT_NE(::mkdtemp(path.data()), nullptr);
  ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
  const FileDescriptor open(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(sharing_of(open.get()), Sharing::open);
  ::rmdir(path.c_str());
  EXPECT_EQ(sharing_of(-1), Sharing::open);
}

}  // namespace
}  // namespace posthaste
