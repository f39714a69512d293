#ifndef SUMSCOPE_SERVER_RPC_RUNS_IMPORTS_IMPORTED_FILE_H_
#define SUMSCOPE_SERVER_RPC_RUNS_IMPORTS_IMPORTED_FILE_H_

#include "absl/status/statusor.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/runs/runs.h"
#include "server/rpc/serve/transfer/incoming_room.h"
#include "server/rpc/serve/transfer/upload_spool.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

struct ImportedFile {
  v1::TrainSpec spec;
  jobs::ImportedWeights weights;  // reads from the spool, which must outlive it
};

// Checks an uploaded safetensors file whole: format, names, shapes, types (proto/contract/models/foreign_model.h says
// what is read as ours), cross-check with header.like_model_name, and that every weight is a finite number. The
// operation is what the file's metadata says, else the header's, else that of like_model_name, else add, with a note;
// where our own metadata says how the model was trained, the spec says so too. What it holds in memory is held in
// `room`, which outlives the weights. INVALID_ARGUMENT with the reasons of ParseSafetensorsHeader, ReadForeignModel and
// CheckLike, OPERATION_MISMATCH, and WEIGHTS_NOT_FINITE naming the tensor; RESOURCE_EXHAUSTED UPLOAD_MEMORY_FULL.
absl::StatusOr<ImportedFile> ReadImportedFile(const v1::ImportHeader& header, const UploadSpool& spool,
                                              IncomingRoom* room);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_IMPORTS_IMPORTED_FILE_H_
