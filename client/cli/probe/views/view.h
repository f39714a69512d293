#ifndef SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_VIEW_H_
#define SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_VIEW_H_

#include "sumscope/v1/spec.pb.h"

namespace sumscope::client {

// What the text of a result needs beside it.
struct View {
  v1::TrainSpec spec;  // of the run; names what each position holds
  bool wide = false;   // -o wide: everything
  int width = 0;       // columns that tables may take, 0 for unlimited
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_PROBE_VIEWS_VIEW_H_
