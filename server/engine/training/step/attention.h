#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_ATTENTION_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_ATTENTION_H_

#include <cstdint>

namespace sumscope::engine::step {

// Causal attention of questions over rows that an index names, so that layer 0 reads one row per distinct pair and a
// later layer one per position. Query i of a question stands at position first + i and sees keys 0 .. first + i.
template <class T>
struct Attention {
  int64_t n_heads, d_head;
  int64_t batch, keys, first;  // queries = keys - first
  const int32_t* key_row;      // [batch, keys] rows of kv and dkv
  int64_t first_query;         // the key_row of row 0 of q and dq
  const T* q;                  // [.., n_heads * d_head], divided by sqrt(d_head)
  const T* kv;                 // [.., 2, n_heads * d_head]
  T* pattern;                  // [batch, n_heads, queries, pattern_width()], 0 behind what the query sees
  T* z;                        // [queries, batch, n_heads * d_head]
  const T* dz;                 // as z; this and the next two for the gradient only
  T* dq;                       // added to, as is dkv
  T* dkv;

  int64_t pattern_width() const;  // keys, padded to whole vectors
  // Numbers of scratch memory that a call needs.
  int64_t scratch() const;
};

// Writes `pattern` and `z` of questions begin .. end-1 through heads from_head .. to_head-1.
void Attend(const Attention<float>& at, int64_t begin, int64_t end, int64_t from_head, int64_t to_head, float* scratch);
void Attend(const Attention<double>& at, int64_t begin, int64_t end, int64_t from_head, int64_t to_head,
            double* scratch);

// Adds the gradients of q and kv. Calls at the same time must not share rows: split by heads, or by questions where
// each has its own rows.
void AttendBackward(const Attention<float>& at, int64_t begin, int64_t end, int64_t from_head, int64_t to_head,
                    float* scratch);
void AttendBackward(const Attention<double>& at, int64_t begin, int64_t end, int64_t from_head, int64_t to_head,
                    double* scratch);

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_ATTENTION_H_
