#include "client/cli/glossary/entries.h"

namespace sumscope::client {

const std::vector<GlossaryEntry>& GlossaryEntries() {
  static const auto* const kEntries = new std::vector<GlossaryEntry>{
      {"position", "P14", "P#",
       "The 14th token of a line, counted from 0: D4..D0, the operator, D'4..D'0, =, the sign (SGN) and the answer "
       "A5..A0, at n = 5 digits."},
      {"position", "row", "ROW",
       "A position where the model predicts the next token. P8 SGN->A3: at position 8 it has read the sign and writes "
       "A3. The last row, and those before =, write nothing that counts."},
      {"digit", "D2", "D# D'#", "The digit of the first operand with the weight 10^2; D'2 is the second operand's."},
      {"digit", "A2", "A#",
       "The answer's digit with the weight 10^2. With n digits the highest is An: of a sum the last carry. Under "
       "IMPACT and DIGITS of an ablation the sign is A{n+1}, as the papers count it."},
      {"digit", "SGN", "SGN", "The answer's sign, a token of its own; 0 has +. As a task: a node attends to the sign."},
      {"digit", "OPR", "OPR", "The operator's token. As a task: a node attends to it."},
      {"digit", "pair 2", "D#+D'#", "The column of D2 and D'2, which is added or subtracted as one."},

      {"questions", "uniform", "uniform:#",
       "uniform:10000: questions whose digits are drawn alike from 0 to 9. Of a product only the lower half of each "
       "factor's n digits, rounded up, so that the answer fits; the others are 0: one-digit factors at n = 2, three "
       "digits at n = 5."},

      {"class", "S0", "S0", "Additions in which no column sums to 10 or more: nothing is carried."},
      {"class", "S1", "S1", "Additions with a column of 10 or more, none of them followed by a column that sums to 9."},
      {"class", "S2", "S2 S3 S4 S5",
       "S2, S3, S4, S5: additions with a column of 10 or more that 1, 2, 3, or 4 and more columns summing to 9 follow "
       "above it: the carry runs through all of them. The highest class of a question counts."},
      {"class", "M0", "M0", "Subtractions with a >= b in which no column borrows."},
      {"class", "M1", "M1", "Subtractions with a >= b and a borrow, none followed by equal digits in the next column."},
      {"class", "M2", "M2 M3 M4+",
       "M2, M3, M4+: subtractions with a >= b and a borrow that 1, 2, or 3 and more columns of equal digits follow "
       "above "
       "it: the borrow runs through all of them."},
      {"class", "N1", "N1 N2 N3 N4+",
       "N1 to N4+: subtractions with a < b, by the rule of M1 to M4+ on the raw a - b; equal columns above the highest "
       "that is not zero do not count."},
      {"class", "cascade", "cascade cascades CASCADE",
       "A carry (or borrow) that runs through one or more columns which sum to 9 (or have equal digits). Its length is "
       "the number of those columns."},

      {"cell", "BA", "BA", "A digit of an addition whose column gets no carry: base addition is enough."},
      {"cell", "UC1", "UC1", "A digit of an addition whose column gets a carry and does not sum to 9: use the carry."},
      {"cell", "US9", "US9",
       "A digit of an addition whose column gets a carry and sums to 9: it becomes 0 and carries on, which takes more "
       "than the next column to know."},
      {"cell", "MD", "MD",
       "As a cell: a digit of a subtraction whose column gets no borrow. As a task, A2.MD: the difference of pair 2 "
       "modulo 10, of answers that are not negative."},
      {"cell", "UB1", "UB1", "A digit of a subtraction whose column gets a borrow and has unequal digits."},
      {"cell", "UM0", "UM0",
       "A digit of a subtraction whose column gets a borrow and has equal digits: it becomes 9 and borrows on."},

      {"task", "SA", "SA", "A2.SA: the sum of pair 2 modulo 10."},
      {"task", "SC", "SC", "A2.SC: whether pair 2 sums to 10 or more (the first paper's MC1)."},
      {"task", "SS", "SS SS9", "A2.SS: whether pair 2 sums to 9 (the first paper's MS9)."},
      {"task", "SS9C", "SS9C", "A2.SS9C: as SS, tested by questions in which pair 2 alone decides."},
      {"task", "ST", "ST", "A2.ST: whether pair 2 sums to 8 or less, to 9, or to 10 or more (the tri-case)."},
      {"task", "SV", "SV", "A2.SV: the tri-case of pair 2 once the pairs below have decided what a 9 comes to."},
      {"task", "MB", "MB NB", "A2.MB: whether D2 < D'2, so that it borrows; NB in negative answers."},
      {"task", "MZ", "MZ NZ", "A2.MZ: whether D2 = D'2; NZ in negative answers."},
      {"task", "MT", "MT NT", "A2.MT: whether D2 is less than, equal to or greater than D'2; NT in negative answers."},
      {"task", "ND", "ND", "A2.ND: the difference of pair 2 modulo 10, of negative answers."},
      {"task", "GT", "GT", "A2.GT: whether D2 > D'2, which decides the sign where all above is equal."},
      {"task", "strong", "strong weak STRENGTH",
       "strong: patching the node changes the answer as the task predicts. weak: the right digits change, to other "
       "values than predicted."},

      {"task", "not_found", "not_found", "A task of which no node was found to do it."},
      {"task", "not_testable", "not_testable",
       "A task or claim that cannot be tested here: the model gets the question wrong that would show it."},

      {"node", "P14L0H1", "P#L#H# L#H#",
       "Head 1 of layer 0 at position 14 (what it adds there, attn.hook_z); L0H1 is the head at every position."},
      {"node", "P14L0MLP", "P#L#MLP L#MLP", "The MLP of layer 0 at position 14; L0MLP at every position."},
      {"node", "P14L0", "P#L#", "The residual stream after layer 0 at position 14; P14 alone: after every layer."},
      {"node", "COMPONENT", "COMPONENT embed_pos",
       "What adds to the residual stream, and so to a logit: embed_pos (the embeddings of token and position), L0H1 "
       "(head 1 of layer 0), L0.b_O (the bias of its heads), L0.MLP, constant (the biases "
       "of the last LayerNorm and of the unembedding)."},
      {"node", "useful", "useful", "A node is useful when ablating it makes at least one question fail."},

      {"tag", "Fail%", "Fail% FAIL%",
       "Of the questions that are right without ablation, the percentage that fails with it, rounded down."},
      {"tag", "Impact", "Impact IMPACT DIGITS",
       "The answer digits that change: A43 is A4 and A3, A10.9 is A10 and A9. Of an ablation against the model's own "
       "answer; the sign counts as A{n+1}, as the papers write it: at n = 5 digits A65 is the sign and A5. Of a patch "
       "against the true answer; the sign is S: A43S. Under DIGITS those that are wrong."},
      {"tag", "Attn", "Attn", "Attn:P9=52: the head attends to position 9 by 52 %."},
      {"tag", "Algo", "Algo", "Algo:A2.SC: the node does task A2.SC."},
      {"tag", "Math", "Math.~",
       "Math.Add:S12: without the node additions of classes S1 and S2 fail; Math.Sub M, Math.Neg N."},
      {"tag", "PCA", "PCA", "PCA:A2: the node's outputs form clusters by the tri-case of pair 2."},

      {"measure", "forced", "forced forced,",
       "Each answer token is predicted with the true ones before it. The digit above tells a carry, so long cascades "
       "look better than generated."},
      {"measure", "generated", "generated", "Each answer token is predicted with the model's own ones before it."},
      {"measure", "nines", "nines NINES",
       "How many nines the accuracy has: 99.95 % right has 3, floor(-log10 of the failure rate). Without a failure "
       "a run's list counts those of the questions asked: 3 of 1,000 is a lower bound."},
      {"measure", "held-out", "held-out HELDOUT heldout",
       "Loss on 10,000 uniform questions that training never saw, the same ones for every checkpoint."},
      {"measure", "near ties", "ties NEAR",
       "Questions where the two best tokens of an answer row differ by less than 1e-4."},
      {"measure", "moved", "MOVED moved",
       "How far an intervention moved the activation (L2). 0: it changed nothing, and proves nothing."},

      {"verdict", "look-back", "look-back LOOK-BACK LOOKS SURE",
       "How many columns below a digit the model scans for its carry: look-back-2 decides by the next two, exact by "
       "all. "
       "A digit reads to k where kappa stays above 0.5 for lengths 0 to k - 1, and is sure to s where it stays above "
       "0.95."},
      {"verdict", "kappa", "kappa Kappa",
       "Of questions that differ in the carry alone: the share decided right less the share decided the other way. 1 "
       "is "
       "always right, 0 is chance."},
      {"verdict", "K0", "K#", "K0, K1, ..: kappa where 0, 1, .. columns must be passed to find the carry."},
      {"verdict", "floor", "floor",
       "Bayes floor: the least loss that a model which looks back so far can have. What it has above is its own."},

      {"cluster", "CH", "CH",
       "Calinski-Harabasz: spread between clusters against spread within. 50 and more is one of the four conditions of "
       "PASSES."},
      {"cluster", "silhouette", "SILHOUETTE SIL. silhouette",
       "How much nearer points lie to their own cluster than to the next, -1 to 1. 0.20 and more is one of the four "
       "conditions of PASSES."},
      {"cluster", "K", "K", "Into how many clusters k-means divides a node's outputs: 2 or 3, whichever is clearer."},
      {"cluster", "PASSES", "PASSES",
       "Of pca: all four hold: the first component explains more than 30 %, silhouette is 0.20 or more, CH 50 or more, "
       "and AGREES more than 50 %. A pass is no evidence that the model uses the node."},
      {"cluster", "AGREES", "AGREES",
       "The share of questions whose cluster is mostly of their own tri-case; more than 50 % is one of the four "
       "conditions of PASSES. Of a look-back: how many of the model's answers are the ones that it gives."},
      {"cluster", "LABEL SIL.", "LABEL",
       "LABEL SIL. and LABEL CH: silhouette and CH of the true tri-cases instead of the clusters that k-means finds."},
      {"cluster", "explained", "EXPLAINED", "The share of the variance that each principal component explains."},

      {"phase", "LEARNT AT", "LEARNT",
       "The step from which on the loss of a digit or cell, as the median of each window of steps, stays below 0.1 "
       "(--learnt-below) to the end of the run."},

      {"state", "QUEUED (PRIORITY)", "PRIORITY", "Others are before it: it waits for its turn."},
      {"state", "QUEUED (RESOURCES)", "RESOURCES", "Next in line: it begins when a slot of the server is free."},

      {"state", "QUEUED (SLICE)", "SLICE",
       "It has had its slice of the slot and gave way to somebody who had less; it goes on from where it stopped."},
      {"state", "QUEUED (DEPENDENCY)", "DEPENDENCY",
       "It waits for a run to succeed, and fails with that (DEPENDENCY_FAILED)."},
      {"state", "QUEUED (USER_LIMIT)", "USER_LIMIT",
       "Its owner has as many jobs at once as the server's limits allow."},
      {"state", "QUEUED (HELD)", "HELD", "Somebody holds it: sumscope runs release lets it go."},
      {"state", "QUEUED (DEVICE_BUSY_OUTSIDE)", "DEVICE_BUSY_OUTSIDE",
       "A program that is not the server's uses the device; sumscope devices says whose."},
      {"state", "QUEUED (DEVICE_MEMORY)", "DEVICE_MEMORY",
       "No device has as much memory free as it is expected to take."},
      {"state", "QUEUED (NO_WORKER)", "NO_WORKER",
       "No worker is there that could take it; sumscope server info says why."},
      {"state", "QUEUED (DRAINING)", "DRAINING",
       "The server is stopping and starts nothing; it goes on when it is back."},

      {"model", "segment", "segment segments SEGMENT",
       "A stretch of a training without a break, on one machine: every start, also a resumed one, begins a new one. "
       "An attempt may have several."},
      {"model", "*", "*",
       "After a model's name: a field that the name does not say is not the default; `sumscope runs show` lists all."},
  };
  return *kEntries;
}

}  // namespace sumscope::client
