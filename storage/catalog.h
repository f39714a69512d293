#ifndef SUMSCOPE_STORAGE_CATALOG_H_
#define SUMSCOPE_STORAGE_CATALOG_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/facts.pb.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::storage {

// One unit of queued work: the training of a run, or one analysis of it.
struct Job {
  std::string id;        // j + 7 of base32, without "jobs/"
  std::string run;       // id, without "runs/"
  std::string analysis;  // id; empty for a training
  v1::State state = v1::QUEUED;
  std::string reason;
  std::string detail;
  uint32_t attempt = 1;
  uint32_t segment = 0;
  std::string slot;             // while STARTING, RUNNING or CANCELLING
  uint64_t queue_position = 0;  // FIFO order; set by InsertJob
  absl::Time create_time;
  std::optional<absl::Time> start_time, end_time;
};

// A state change, in the one order of the server.
struct Event {
  uint64_t sequence = 0;
  std::string run;
  std::string job;
  absl::Time time;
  v1::StateChange change;
  bool of_training = true;  // false: of an analysis
  // How many entries the log of the run's file had before it: what orders the two. Empty where nobody could know.
  std::optional<uint64_t> log_entries;
};

// A create request that was answered: the same request_id and digest give `resource` again.
struct RequestRecord {
  std::string request_id;
  std::string digest;    // SHA-256 of method and body
  std::string resource;  // runs/{run}, ..
};

// Bytes that the catalog has forgotten, or does not know yet, and files may hold: of an analysis and its capture; of a
// run with all that lies beside it, when `analysis` is empty; of the text of a question set, when `run` is empty. What
// removes them ends with EndRemoval, so that a crash in between leaves work for the next start and nothing else.
struct Removal {
  std::string run;
  std::string analysis;
  std::string question_set;  // its SHA-256
};

// What one answer says of its run as a whole: an evaluation of uniform questions, or a look-back verdict.
struct Headline {
  struct Accuracy {
    double exact = 0;  // share of questions answered right
    uint32_t questions = 0;
    uint32_t nines = 0;
  };
  struct LookBack {
    uint32_t reads_to = 0, sure_to = 0;
    bool exact = false;
    uint32_t questions = 0;  // per digit and length
  };
  std::optional<Accuracy> accuracy;
  std::optional<LookBack> look_back;
};

struct RunQuery {
  std::string filter;    // AIP-160, "" for all
  std::string order_by;  // "" = create_time desc: the order in which runs were made, whatever the clock said
  bool show_deleted = false;
  uint32_t page_size = 50;
  std::string page_token;
};
struct RunPage {
  std::vector<v1::Run> runs;
  std::string next_page_token;
};
struct AnalysisPage {
  std::vector<v1::Analysis> analyses;  // without results
  std::string next_page_token;
};

struct FactQuery {
  std::string filter;  // AIP-160 over the fields of FactService.ListFacts, "" for all
  uint32_t page_size = 50;
  std::string page_token;
};
struct FactPage {
  std::vector<v1::NodeFact> facts;
  std::string next_page_token;
};
struct AnalysisQuery {
  std::string run;   // "" = all
  std::string kind;  // evaluate, ..; "" = all
  uint32_t page_size = 50;
  std::string page_token;
};
struct QuestionSetPage {
  std::vector<v1::UploadedQuestionSet> question_sets;
  std::string next_page_token;
};

// Among which runs a prefix is looked for before the others.
enum class RunsFirst { kLiving, kDeleted };

// Reads of catalog.db. Names are ids without their collection ("r7k2m9qa"). Runs come without `segments`. A row that
// cannot be read is DATA_LOSS CATALOG_ROW_CORRUPT, which names it; a list shows it in STATE_UNSPECIFIED with that
// reason, among the others.
class CatalogReader {
 public:
  virtual ~CatalogReader() = default;
  // NOT_FOUND RUN_NOT_FOUND. A deleted run is returned, with delete_time.
  virtual absl::StatusOr<v1::Run> GetRun(const std::string& run) = 0;
  // At most `limit` ids that start with `prefix`, in order: of runs that `first` names, of the others where there is
  // none of these.
  virtual absl::StatusOr<std::vector<std::string>> FindRuns(const std::string& prefix, RunsFirst first, int limit) = 0;
  // The run of `owner` that was made last, "" when there is none.
  virtual absl::StatusOr<std::string> LatestRun(const std::string& owner) = 0;
  // INVALID_ARGUMENT FILTER_INVALID, ORDER_INVALID, PAGE_TOKEN_INVALID.
  virtual absl::StatusOr<RunPage> ListRuns(const RunQuery& query) = 0;

  virtual absl::StatusOr<Job> GetJob(const std::string& job) = 0;
  virtual absl::StatusOr<Job> GetTrainingJob(const std::string& run) = 0;
  // Every job in a non-terminal state, in queue order. STATE_UNSPECIFIED: what its row says is no state.
  virtual absl::StatusOr<std::vector<Job>> ListUnfinishedJobs() = 0;
  // How many jobs are QUEUED at queue positions in (after, through].
  virtual absl::StatusOr<uint64_t> CountQueuedJobs(uint64_t after, uint64_t through) = 0;

  virtual absl::StatusOr<std::optional<RequestRecord>> GetRequest(const std::string& request_id) = 0;

  // Events of `run` ("" = all) after `sequence`, oldest first. OUT_OF_RANGE RESUME_TOKEN_EXPIRED when `sequence` is
  // older than what pruning left.
  virtual absl::StatusOr<std::vector<Event>> ListEvents(const std::string& run, uint64_t after_sequence, int limit) = 0;

  // Index of analyses (no request, no result). NOT_FOUND ANALYSIS_NOT_FOUND.
  virtual absl::StatusOr<v1::Analysis> GetAnalysis(const std::string& run, const std::string& analysis) = 0;
  // The analysis of that key that is SUCCEEDED or will be, if any: no CANCELLING one. Of this run: another of the same
  // weights has facts and answers of its own, and may have been trained otherwise.
  virtual absl::StatusOr<std::optional<v1::Analysis>> FindAnalysis(const std::string& run, const std::string& key) = 0;
  // The one that was made last first.
  virtual absl::StatusOr<AnalysisPage> ListAnalyses(const AnalysisQuery& query) = 0;

  // Facts of runs that are not deleted, by run, position, layer, heads before MLPs, tag. INVALID_ARGUMENT
  // FILTER_INVALID, PAGE_TOKEN_INVALID.
  virtual absl::StatusOr<FactPage> ListFacts(const FactQuery& query) = 0;

  // NOT_FOUND QUESTION_SET_NOT_FOUND.
  virtual absl::StatusOr<v1::UploadedQuestionSet> GetQuestionSet(const std::string& sha256) = 0;
  virtual absl::StatusOr<QuestionSetPage> ListQuestionSets(uint32_t page_size, const std::string& page_token) = 0;

  virtual absl::StatusOr<std::vector<Removal>> ListRemovals() = 0;
};

// One write transaction: all of it is durable when Write returned OK, none of it otherwise.
class CatalogTransaction : public CatalogReader {
 public:
  // Ends the removal of a run of that id. ALREADY_EXISTS RUN_EXISTS.
  virtual absl::Status InsertRun(const v1::Run& run) = 0;
  // Both leave the figures alone that PutHeadline writes: accuracy to look_back_exact.
  virtual absl::Status UpdateRun(const v1::Run& run) = 0;
  // Forgets a run and its jobs, analyses, facts and events; its files become a removal.
  virtual absl::Status RemoveRun(const std::string& run) = 0;
  virtual absl::Status InsertJob(Job* job) = 0;
  // FAILED_PRECONDITION ILLEGAL_TRANSITION when `legal(from, to)` of the constructor says no.
  virtual absl::Status UpdateJob(const Job& job) = 0;
  virtual absl::Status InsertRequest(const RequestRecord& record) = 0;
  // Sets event->sequence.
  virtual absl::Status AppendEvent(Event* event) = 0;
  // Forgets events and request records that are older.
  virtual absl::Status PruneHistory(absl::Time older_than) = 0;
  virtual absl::Status PutAnalysis(const v1::Analysis& analysis) = 0;
  // Forgets an analysis, its facts, its headline and its job; its bytes become a removal.
  virtual absl::Status RemoveAnalysis(const std::string& run, const std::string& analysis) = 0;
  // Replaces the facts that `analysis` proved about nodes of the checkpoint at `step`.
  virtual absl::Status PutFacts(const std::string& run, uint64_t step, const std::string& analysis,
                                const std::vector<v1::NodeTag>& tags, absl::Time now) = 0;
  // Says which is the run's last checkpoint. The run shows headlines of that one alone.
  virtual absl::Status PutLastCheckpoint(const std::string& run, uint64_t step) = 0;
  // Replaces what `analysis` of the checkpoint at `step` says of its run. Of several headlines of one checkpoint the
  // run shows that of most questions, of as many what was put last.
  virtual absl::Status PutHeadline(const std::string& run, uint64_t step, const std::string& analysis,
                                   const Headline& headline) = 0;
  // The same set twice is the first one, uploaded anew. Ends the removal of its text.
  virtual absl::Status InsertQuestionSet(const v1::UploadedQuestionSet& question_set) = 0;
  // Forgets question sets that no analysis names and nobody has uploaded since; their texts become removals.
  virtual absl::Status ForgetQuestionSets(absl::Time uploaded_before) = 0;
  // The same removal twice is one; ending one that is not there is fine.
  virtual absl::Status PutRemoval(const Removal& removal) = 0;
  virtual absl::Status EndRemoval(const Removal& removal) = 0;
};

// catalog.db: the index over all runs, the queue and the event log. The run files hold what is needed to rebuild it,
// queue excepted; no tool does so yet. Thread-safe: one writer at a time, readers beside it.
class Catalog {
 public:
  using LegalTransition = std::function<bool(v1::State from, v1::State to)>;
  virtual ~Catalog() = default;
  // Runs `body` in one transaction; commits when it returns OK, else rolls back and returns its error.
  virtual absl::Status Write(const std::function<absl::Status(CatalogTransaction&)>& body) = 0;
  // Runs `body` on one consistent snapshot.
  virtual absl::Status Read(const std::function<absl::Status(CatalogReader&)>& body) = 0;
  virtual int schema_version() const = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_H_
