// What others are told of a private run: the very bytes of what they are told of one that never was.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "server/auth/rights.h"
#include "tests/server/rpc/serve/gate/many_users.h"

namespace sumscope::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

class PrivateRuns_Test : public ManyUsers_Test {
 protected:
  // ada's run, with facts, a capture and a question set that its analysis names, turns private; `open_` is hers, too,
  // and stays the lab's.
  void SetUp() override {
    ManyUsers_Test::SetUp();
    useful_nodes_ = Ask(Question(jobs::UsefulNodes()));
    StartAnalysis();
    Answer(jobs::UsefulNodesResult());
    Finish(worker::v1::Finished::DONE);
    ASSERT_TRUE(WaitForAnalysis(run_, useful_nodes_, v1::SUCCEEDED));
    capture_ = CapturedAs("ada");
    v1::UploadedQuestionSet set;
    ASSERT_TRUE(UploadAs("ada", "12+34\n", &set).ok());
    question_set_ = set.sha256();
    open_ = Trained();
    SetVisibility(run_, v1::PRIVATE);
    absent_ = run_;
    std::rotate(absent_.begin() + 1, absent_.begin() + 2, absent_.end());  // as long, and no prefix of the other
    if (absent_ == run_) absent_[1] = absent_[1] == 'x' ? 'y' : 'x';
  }

  std::string CapturedAs(const std::string& user) {
    grpc::ClientContext context;
    Identify(user, &context);
    v1::CreateAnalysisResponse created;
    const grpc::Status status = analyses_->CreateAnalysis(&context, Capture(), &created);
    EXPECT_TRUE(status.ok()) << status.error_message();
    const std::string id = IdOf(created.analysis().name());
    StartAnalysis();
    jobs::Message begin;
    begin.mutable_tensor_set_begin()->set_kind(worker::v1::CAPTURE);
    begin.mutable_tensor_set_begin()->set_step(4);
    auto* tensor = begin.mutable_tensor_set_begin()->add_tensors();
    tensor->set_name("tokens");
    tensor->set_dtype("F32");
    tensor->add_shape(2);
    tensor->set_bytes(8);
    pool_->Send(kSlot, begin);
    pool_->Send(kSlot, jobs::Chunk("01234567"));
    pool_->Send(kSlot, jobs::SetEnd());
    v1::AnalysisResult result;
    result.mutable_capture()->add_tensors()->set_name("tokens");
    Answer(result);
    Finish(worker::v1::Finished::DONE);
    EXPECT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
    return id;
  }
  grpc::Status UploadAs(const std::string& user, const std::string& text, v1::UploadedQuestionSet* set) {
    grpc::ClientContext context;
    Identify(user, &context);
    const auto writer = questions_->UploadQuestionSet(&context, set);
    v1::UploadQuestionSetRequest message;
    message.mutable_header()->set_n_digits(2);
    writer->Write(message);
    message.set_data(text);
    writer->Write(message);
    writer->WritesDone();
    return writer->Finish();
  }

  // Everything that was answered, as one text, in which the absent name stands for the private one.
  std::string Told(const Reply& answer, const std::string& asked, const std::string& shown) {
    std::string all = absl::StrCat(answer.status.error_code(), "|", answer.status.error_message(), "|",
                                   answer.status.error_details());
    for (const std::string& message : answer.messages) absl::StrAppend(&all, "|", message);
    return absl::StrReplaceAll(all, {{asked, shown}});
  }
  // What a request of each method may name of a run.
  std::vector<std::string> NamesWithin(const std::string& run) {
    std::vector<std::string> names = {run, run + "/checkpoints/4", run + "/checkpoints/last", run + "/checkpoints/9"};
    for (const std::string& id : {useful_nodes_, capture_, std::string("a0000000")}) {
      names.push_back(run + "/analyses/" + id);
      names.push_back(run + "/captures/" + id);
    }
    return names;
  }
  static std::unique_ptr<Message> RequestNaming(const MethodDescriptor& method, const std::string& name) {
    auto* const factory = google::protobuf::MessageFactory::generated_factory();
    std::unique_ptr<Message> request(factory->GetPrototype(method.input_type())->New());
    for (const char* const field_name : {"name", "parent", "run"}) {
      const FieldDescriptor* const field = method.input_type()->FindFieldByName(field_name);
      if (field == nullptr) continue;
      if (field->type() == FieldDescriptor::TYPE_STRING) {
        request->GetReflection()->SetString(request.get(), field, name);
        return request;
      }
      Message* const inner = request->GetReflection()->MutableMessage(request.get(), field);
      inner->GetReflection()->SetString(inner, inner->GetDescriptor()->FindFieldByName("name"), name);
      return request;
    }
    return nullptr;
  }
  void ExpectSameOfBoth(const MethodDescriptor& method, const Message& of_private, const Message& of_absent,
                        const std::string& asked, const std::string& shown) {
    for (const char* const user : {"bob", "vic"}) {
      const Reply told = Call(method, of_private, As(user));
      const Reply truth = Call(method, of_absent, As(user));
      EXPECT_EQ(Told(told, asked, shown), Told(truth, shown, shown))
          << PathOf(method) << " of " << of_private.ShortDebugString() << " by " << user;
      EXPECT_FALSE(truth.status.ok()) << PathOf(method) << " of " << of_absent.ShortDebugString();
    }
  }
  static const MethodDescriptor& MethodOf(const std::string& path) {
    for (const auto* const method : PublicMethods()) {
      if (PathOf(*method) == "/sumscope.v1." + path) return *method;
    }
    ADD_FAILURE() << path;
    return *PublicMethods()[0];
  }

  // What the lists, in all their ways, tell a user.
  std::string Lists(const std::string& user) {
    std::string all;
    const auto list = [&](const char* path, const Message& request) {
      const Reply answer = Call(MethodOf(path), request, As(user));
      EXPECT_TRUE(answer.status.ok()) << path << " " << answer.status.error_message();
      absl::StrAppend(&all, path, ": ", Told(answer, "", ""), "\n");
    };
    for (const std::string& filter : {std::string(), std::string("state = SUCCEEDED"), std::string("owner = \"ada\""),
                                      "name = \"runs/" + run_ + "\"", std::string("visibility = PRIVATE"),
                                      std::string("visibility = LAB"), std::string("metrics.heldout_loss < 1")}) {
      for (const char* const order : {"", "create_time", "metrics.heldout_loss desc"}) {
        for (const uint32_t size : {0, 1}) {
          v1::ListRunsRequest runs;
          runs.set_filter(filter);
          runs.set_order_by(order);
          runs.set_page_size(size);
          runs.set_show_deleted(size == 1);
          list("RunService/ListRuns", runs);
        }
      }
    }
    v1::ListAnalysesRequest analyses;
    analyses.set_parent("runs/-");
    list("AnalysisService/ListAnalyses", analyses);
    analyses.set_analysis("capture");
    list("AnalysisService/ListAnalyses", analyses);
    v1::ListCapturesRequest captures;
    captures.set_parent("runs/-");
    list("CaptureService/ListCaptures", captures);
    v1::ListFactsRequest facts;
    list("FactService/ListFacts", facts);
    facts.set_filter("node = \"P9L0H1\"");
    list("FactService/ListFacts", facts);
    list("QuestionSetService/ListQuestionSets", v1::ListQuestionSetsRequest());
    return all;
  }

  std::string useful_nodes_, capture_, question_set_, open_, absent_;
};

TEST_F(PrivateRuns_Test, EveryMethodTellsOthersWhatItTellsOfAnAbsentRun) {
  for (const auto* const method : PublicMethods()) {
    if (method->service()->name() == "UserService" || method->service()->name() == "QuestionSetService") continue;
    const std::vector<std::string> of_private = NamesWithin("runs/" + run_), of_absent = NamesWithin("runs/" + absent_);
    for (size_t i = 0; i < of_private.size(); ++i) {
      const auto request = RequestNaming(*method, of_private[i]), same = RequestNaming(*method, of_absent[i]);
      if (request == nullptr) continue;
      ExpectSameOfBoth(*method, *request, *same, run_, absent_);
    }
    const std::string prefix = run_.substr(0, 6), absent_prefix = absent_.substr(0, 6);
    const auto request = RequestNaming(*method, "runs/" + prefix),
               same = RequestNaming(*method, "runs/" + absent_prefix);
    if (request != nullptr) ExpectSameOfBoth(*method, *request, *same, prefix, absent_prefix);
  }
}

TEST_F(PrivateRuns_Test, OwnerAndAdminSeeItAsBefore) {
  for (const char* const user : {"ada", "adm"}) {
    v1::GetRunRequest request;
    request.set_name("runs/" + run_);
    const Reply answer = Call(MethodOf("RunService/GetRun"), request, As(user));
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    v1::Run run;
    run.ParseFromString(answer.messages[0]);
    EXPECT_EQ(run.visibility(), v1::PRIVATE);
    EXPECT_NE(Lists(user).find(run_), std::string::npos);
  }
}

TEST_F(PrivateRuns_Test, ListsAreThoseOfALabWithoutIt) {
  const std::string with = Lists("bob");
  EXPECT_EQ(with.find(run_), std::string::npos);
  EXPECT_NE(with.find(open_), std::string::npos);
  Write([&](storage::CatalogTransaction& transaction) { return transaction.runs().Remove(run_); });
  EXPECT_EQ(with, Lists("bob"));
}

TEST_F(PrivateRuns_Test, QuestionSetIsAnothersThenItIsAsOneThatNobodyUploaded) {
  std::string absent(question_set_.rbegin(), question_set_.rend());
  const MethodDescriptor& get = MethodOf("QuestionSetService/GetQuestionSet");
  v1::GetQuestionSetRequest of_private, of_absent;
  of_private.set_name("questionSets/" + question_set_);
  of_absent.set_name("questionSets/" + absent);
  ExpectSameOfBoth(get, of_private, of_absent, question_set_, absent);

  v1::CreateAnalysisRequest ask, ask_absent;
  ask.set_parent("runs/" + open_);
  ask.mutable_request()->mutable_evaluate();
  ask.mutable_question_set()->mutable_uploaded()->set_sha256(question_set_);
  ask_absent = ask;
  ask_absent.mutable_question_set()->mutable_uploaded()->set_sha256(absent);
  ExpectSameOfBoth(MethodOf("AnalysisService/CreateAnalysis"), ask, ask_absent, question_set_, absent);
}

TEST_F(PrivateRuns_Test, SameQuestionsAreUploadedByAnotherThenTheyAreTheirsSinceThen) {
  const absl::Time before = absl::Now() - absl::Seconds(2);
  v1::UploadedQuestionSet set;
  ASSERT_TRUE(UploadAs("bob", "12+34\n", &set).ok());
  EXPECT_EQ(set.sha256(), question_set_);
  EXPECT_EQ(set.owner(), "bob");
  EXPECT_GE(absl::FromUnixSeconds(set.create_time().seconds()), before);
  v1::GetQuestionSetRequest request;
  request.set_name(set.name());
  const Reply reply = Call(MethodOf("QuestionSetService/GetQuestionSet"), request, As("bob"));
  ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
  EXPECT_EQ(reply.messages[0], set.SerializeAsString());
}

TEST_F(PrivateRuns_Test, RunIsTheSourceOfAnothersTrainingThenItIsAsAbsent) {
  v1::CreateRunRequest of_private;
  of_private.mutable_spec()->set_n_digits(2);
  of_private.mutable_spec()->set_steps(4);
  of_private.mutable_spec()->set_insert_mode(v1::INSERT_ALL);
  v1::CreateRunRequest of_absent = of_private;
  of_private.mutable_spec()->set_init_from("runs/" + run_);
  of_absent.mutable_spec()->set_init_from("runs/" + absent_);
  ExpectSameOfBoth(MethodOf("RunService/CreateRun"), of_private, of_absent, run_, absent_);
}

// A retry reads the weights of its source anew.
TEST_F(PrivateRuns_Test, SourceOfARunOfTheLabIsPrivateThenOthersCannotTrainItAgain) {
  ASSERT_TRUE(manager_->runs().Create(jobs::Ada(), {}, "insert", Spec(), {}).ok());
  const auto set_source = [&](const std::string& source) {
    Write([&](storage::CatalogTransaction& transaction) {
      v1::Run insert = *transaction.runs().Get(storage::Viewer::Server(), "insert");
      insert.mutable_spec()->set_insert_mode(v1::INSERT_INIT);
      insert.mutable_spec()->set_init_from(source + "@4");
      return transaction.runs().Update(insert);
    });
  };
  v1::RetryRunRequest request;
  request.set_name("runs/insert");
  const auto retried_by = [&](const std::string& user) {
    return Call(MethodOf("RunService/RetryRun"), request, As(user));
  };
  set_source(absent_);
  const Reply of_absent = retried_by("bob");
  set_source(run_);
  const Reply of_private = retried_by("bob");
  EXPECT_EQ(of_private.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Told(of_private, run_, absent_), Told(of_absent, absent_, absent_));
  EXPECT_EQ(ReasonOf(retried_by("ada").status), "SOURCE_IS_PRIVATE");
  set_source(open_);
  EXPECT_TRUE(retried_by("bob").status.ok());
}

// Documented: an id is taken for everybody.
TEST_F(PrivateRuns_Test, IdOfAPrivateRunIsChosenThenItIsTaken) {
  v1::CreateRunRequest request;
  *request.mutable_spec() = Spec();
  request.set_run_id(run_);
  for (const bool validate_only : {true, false}) {
    request.set_validate_only(validate_only);
    EXPECT_EQ(ReasonOf(Call(MethodOf("RunService/CreateRun"), request, As("bob")).status), "RUN_EXISTS");
  }
}

TEST_F(PrivateRuns_Test, RunTurnsPrivateUnderAWatchThenItEndsAsThatOfAnAbsentOne) {
  JobsFixture::Create("live");
  v1::WatchRunRequest request;
  request.set_name("runs/live");
  grpc::ClientContext context;
  Identify("bob", &context);
  const auto watch = runs_->WatchRun(&context, request);
  v1::WatchRunResponse event;
  ASSERT_TRUE(watch->Read(&event));
  SetVisibility("live", v1::PRIVATE);
  while (watch->Read(&event)) EXPECT_FALSE(event.has_end());
  const grpc::Status ended = watch->Finish();
  const grpc::Status absent = Call(MethodOf("RunService/WatchRun"), request, As("bob")).status;
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ended.error_message(), absent.error_message());
  EXPECT_EQ(ended.error_details(), absent.error_details());
}

TEST_F(PrivateRuns_Test, JobRunsThenOthersSeeThatThereIsOne) {
  const std::string id = Id(JobsFixture::Create("").name());
  SetVisibility(id, v1::PRIVATE);
  StartNext();
  const auto detail_for = [&](const std::string& user) {
    const Reply answer = Call(MethodOf("SystemService/GetServerInfo"), v1::GetServerInfoRequest(), As(user));
    v1::ServerInfo info;
    EXPECT_TRUE(answer.status.ok() && info.ParseFromString(answer.messages[0]));
    EXPECT_EQ(info.slots_size(), 1);
    return info.slots(0).detail() + "|" + info.slots(0).job();
  };
  EXPECT_EQ(detail_for("bob"), "another user's job|");
  EXPECT_EQ(detail_for("ada").find("runs/" + id + "|j"), 0u);
}

TEST_F(PrivateRuns_Test, TimesOfCallsAreOfEverybodysThenAdminsAloneSeeThem) {
  call_times_.Record("/sumscope.v1.RunService/GetRun", absl::Milliseconds(1), /*failed=*/true);
  const auto times_for = [&](const std::string& user) {
    const Reply answer = Call(MethodOf("SystemService/GetServerInfo"), v1::GetServerInfoRequest(), As(user));
    v1::ServerInfo info;
    EXPECT_TRUE(answer.status.ok() && info.ParseFromString(answer.messages[0]));
    return info.method_times_size();
  };
  EXPECT_EQ(times_for("bob"), 0);
  EXPECT_EQ(times_for("adm"), 1);
}

}  // namespace
}  // namespace sumscope::rpc
