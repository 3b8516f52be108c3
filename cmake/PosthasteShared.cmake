# libposthaste.so: the folders' static libraries as one, which shows its host the public face and nothing else.

include(${PROJECT_SOURCE_DIR}/api/public_headers.cmake)
get_property(posthaste_folders GLOBAL PROPERTY POSTHASTE_LIBRARIES)

add_library(posthaste SHARED)
add_library(posthaste::posthaste ALIAS posthaste)

target_sources(posthaste PUBLIC FILE_SET HEADERS
  BASE_DIRS ${PROJECT_SOURCE_DIR}/api/include FILES ${POSTHASTE_PUBLIC_HEADERS})
target_compile_features(posthaste PUBLIC cxx_std_20)
set_target_properties(posthaste PROPERTIES
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}
  VERIFY_INTERFACE_HEADER_SETS ON
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/posthaste.map)

# Their objects, all of them: a host may call a public function that no other folder calls. As libraries
# they follow only for what they are built on in turn.
foreach(folder IN LISTS posthaste_folders)
  target_sources(posthaste PRIVATE $<TARGET_OBJECTS:${folder}>)
  target_link_libraries(posthaste PRIVATE ${folder})
endforeach()
target_link_options(posthaste PRIVATE
  -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/posthaste.map
  -Wl,--gc-sections
  -Wl,-z,nodelete    # threads of ours may outlive a dlclose()
  -Wl,-Bsymbolic-functions  # what the library calls of its own is its own, whatever the host defines
  -Wl,-z,relro -Wl,-z,now
  -Wl,-z,noexecstack)

# The public headers once more, each alone, for hosts built without exceptions and run-time type information.
add_library(posthaste_plain_headers INTERFACE)
target_sources(posthaste_plain_headers INTERFACE FILE_SET HEADERS
  BASE_DIRS ${PROJECT_SOURCE_DIR}/api/include FILES ${POSTHASTE_PUBLIC_HEADERS})
target_compile_features(posthaste_plain_headers INTERFACE cxx_std_20)
target_compile_options(posthaste_plain_headers INTERFACE -fno-exceptions -fno-rtti)
set_target_properties(posthaste_plain_headers PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
