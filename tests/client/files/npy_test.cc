#include "client/files/npy.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"

namespace sumscope::client {
namespace {

TEST(NpyHeader_Test, GivenAShapeThenTheHeaderIsAlignedAndSaysIt) {
  for (const std::vector<uint64_t>& shape : {std::vector<uint64_t>{}, {7}, {3, 2, 2}}) {
    const auto header = NpyHeader("F32", shape);
    ASSERT_TRUE(header.ok());
    EXPECT_EQ(header->size() % 64, 0u);
    EXPECT_EQ(header->substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
    EXPECT_EQ(static_cast<unsigned char>((*header)[8]) + 256 * static_cast<unsigned char>((*header)[9]) + 10u,
              header->size());
    EXPECT_EQ(header->back(), '\n');
  }
  EXPECT_NE(NpyHeader("F32", {7})->find("{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }"),
            std::string::npos);
  EXPECT_NE(NpyHeader("I64", {3, 2})->find("'<i8', 'fortran_order': False, 'shape': (3, 2), }"), std::string::npos);
  EXPECT_NE(NpyHeader("F64", {})->find("'shape': (), }"), std::string::npos);
}

TEST(NpyHeader_Test, GivenATypeThatNumPyLacksThenRefused) {
  EXPECT_EQ(ErrorReason(NpyHeader("BF16", {1}).status()), "DTYPE_NOT_IN_NPY");
}

}  // namespace
}  // namespace sumscope::client
