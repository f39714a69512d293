#ifndef SUMSCOPE_STORAGE_CATALOG_CATALOG_H_
#define SUMSCOPE_STORAGE_CATALOG_CATALOG_H_

#include <functional>

#include "absl/status/status.h"
#include "proto/contract/text/token_seal.h"
#include "storage/catalog/actor.h"
#include "storage/catalog/analyses.h"
#include "storage/catalog/audit.h"
#include "storage/catalog/events.h"
#include "storage/catalog/facts.h"
#include "storage/catalog/headlines.h"
#include "storage/catalog/jobs.h"
#include "storage/catalog/question_sets.h"
#include "storage/catalog/rates.h"
#include "storage/catalog/removals.h"
#include "storage/catalog/requests.h"
#include "storage/catalog/runs.h"
#include "storage/catalog/sweeps.h"
#include "storage/catalog/usage.h"
#include "storage/catalog/users.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::storage {

// Reads of catalog.db, by topic. Names are ids without their collection ("r7k2m9qa"). A row that cannot be read is
// DATA_LOSS CATALOG_ROW_CORRUPT, which names it; a list shows it in STATE_UNSPECIFIED with that reason, among the
// others. The topics live as long as the reader, which is confined to the thread of its body.
class CatalogReader {
 public:
  virtual ~CatalogReader() = default;
  virtual RunsReader& runs() = 0;
  virtual JobsReader& jobs() = 0;
  virtual AnalysesReader& analyses() = 0;
  virtual FactsReader& facts() = 0;
  virtual QuestionSetsReader& question_sets() = 0;
  virtual EventsReader& events() = 0;
  virtual RequestsReader& requests() = 0;
  virtual RemovalsReader& removals() = 0;
  virtual UsersReader& users() = 0;
  virtual TokensReader& tokens() = 0;
  virtual AuditReader& audit() = 0;
  virtual UsageReader& usage() = 0;
  virtual RatesReader& rates() = 0;
  virtual SweepsReader& sweeps() = 0;
  // Of what clients are given to hand back, to any server that opens this catalog. It lives as long as the catalog.
  virtual const TokenSeal& token_seal() = 0;
};

// One write transaction: all of it is durable when Write returned OK, none of it otherwise. Reads what it wrote.
class CatalogTransaction : public CatalogReader {
 public:
  Runs& runs() override = 0;
  Jobs& jobs() override = 0;
  Analyses& analyses() override = 0;
  Facts& facts() override = 0;
  virtual Headlines& headlines() = 0;
  QuestionSets& question_sets() override = 0;
  Events& events() override = 0;
  Requests& requests() override = 0;
  Removals& removals() override = 0;
  Users& users() override = 0;
  Tokens& tokens() override = 0;
  Audit& audit() override = 0;
  Usages& usage() override = 0;
  Rates& rates() override = 0;
  Sweeps& sweeps() override = 0;
};

// catalog.db: the index over all runs, the queue and the event log. The run files hold what is needed to rebuild it,
// users, tokens, audit and queue excepted; no tool does so yet. Thread-safe: one writer at a time, readers beside it.
class Catalog {
 public:
  using LegalTransition = std::function<bool(v1::State from, v1::State to)>;
  virtual ~Catalog() = default;
  // Runs `body` in one transaction; commits when it returns OK, else rolls back and returns its error. The row of the
  // actor's audit, if it has one that is not written yet, is part of it, as body left it: no change is made without.
  virtual absl::Status Write(const Actor& actor, const std::function<absl::Status(CatalogTransaction&)>& body) = 0;
  // The server's own work.
  absl::Status Write(const std::function<absl::Status(CatalogTransaction&)>& body) {
    return Write(Actor::Server(), body);
  }
  // Runs `body` on one consistent snapshot.
  virtual absl::Status Read(const std::function<absl::Status(CatalogReader&)>& body) = 0;
  virtual int schema_version() const = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_CATALOG_H_
