#!/usr/bin/env python3
"""Scores subsets of phrases for a grammar: grammar_score.py [options], a program for Tessera's subset search.

A speech recogniser hears commands by a grammar of phrases. Users pronounce some so that the recogniser writes down other words;
adding such phrases to a command's grammar finds them (fewer missed and mistaken commands) and risks false alarms. For a
subset A of candidate phrases

    score(A) = -(MD + MC) - beta * FA      (grammar augmentation, arXiv 1811.06096)

MD is the share of spoken commands that no phrase of the grammar matches, MC the share that match another command's phrase best,
FA the share of other speech that matches any. A match is a confidence above the threshold.

  --data FILE      utterances and candidates, as --write makes them
  --seed N         without --data: make up a data set from this seed (default 1)
  --candidates N   of the data set that is made up (default 40)
  --beta B         weight of false alarms (default 1)
  --names          print the candidates as CSV (column "candidate"), and end
  --write FILE     write the data set and end

Otherwise it reads one question a line, {"id": 7, "selected": ["phrase", ...]}, and answers with
{"id": 7, "values": {"score": ..., "missed": ..., "mistaken": ..., "false_alarms": ...}}. Needs nothing but Python 3.
"""
import argparse
import csv
import json
import random
import sys


def make_up(seed, count, commands=6, utterances=600):
    """Utterances whose confidence is high for few phrases of their own command, and by accident for others."""
    draw = random.Random(seed).random  # the one generator that is the same in every version
    names = ["command %d" % c for c in range(commands)]
    phrases = [{"phrase": "%s, as heard %d" % (names[i % commands], i // commands + 1), "command": names[i % commands]}
               for i in range(count)]
    risk = [0.08 * draw() ** 2 for _ in phrases]  # how often other speech sounds like it
    catch = [0.35 * draw() for _ in phrases]  # how often the command does
    spoken = []
    for u in range(utterances):
        truth = None if u % 3 == 2 else names[int(draw() * commands)]
        own = {name: 0.6 + 0.4 * draw() if name == truth and draw() < 0.6 else 0.5 * draw() for name in names}
        heard = []
        for i, phrase in enumerate(phrases):
            hit = draw() < (catch[i] if phrase["command"] == truth else risk[i])
            heard.append(0.6 + 0.4 * draw() if hit else 0.5 * draw())
        spoken.append({"command": truth, "commands": [round(own[n], 4) for n in names],
                       "candidates": [round(h, 4) for h in heard]})
    return {"threshold": 0.55, "commands": names, "candidates": phrases, "utterances": spoken}


class Grammar:
    def __init__(self, data, beta):
        self.beta, self.threshold, self.commands = beta, data["threshold"], data["commands"]
        self.index = {c["phrase"]: i for i, c in enumerate(data["candidates"])}
        self.owners = [c["command"] for c in data["candidates"]]
        self.utterances = data["utterances"]
        if len(self.index) < len(self.owners):
            raise ValueError("two candidates are the same phrase")

    def values(self, selected):
        chosen = [self.index[phrase] for phrase in selected]
        missed = mistaken = alarms = spoken = other = 0
        for u in self.utterances:
            best, command = max(zip(u["commands"], self.commands))
            for i in chosen:
                if u["candidates"][i] > best:
                    best, command = u["candidates"][i], self.owners[i]
            heard = best > self.threshold
            if u["command"] is None:
                other += 1
                alarms += heard
            else:
                spoken += 1
                missed += not heard
                mistaken += heard and command != u["command"]
        md, mc, fa = missed / max(spoken, 1), mistaken / max(spoken, 1), alarms / max(other, 1)
        return {"score": -(md + mc) - self.beta * fa, "missed": md, "mistaken": mc, "false_alarms": fa}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--candidates", type=int, default=40)
    parser.add_argument("--beta", type=float, default=1.0)
    parser.add_argument("--names", action="store_true")
    parser.add_argument("--write")
    options = parser.parse_args()
    try:
        if options.data:
            with open(options.data, encoding="utf-8") as file:
                data = json.load(file)
        else:
            data = make_up(options.seed, options.candidates)
        grammar = Grammar(data, options.beta)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit("%s: no data set: %s" % (options.data, error))
    if options.write:
        with open(options.write, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
            file.write("\n")
        return
    if options.names:
        csv.writer(sys.stdout, lineterminator="\n").writerows([["candidate"]] + [[name] for name in grammar.index])
        return
    for line in sys.stdin:
        question = json.loads(line)
        answer = {"id": question["id"]}
        try:
            answer["values"] = grammar.values(question["selected"])
        except KeyError as error:
            answer["error"] = "no candidate is called %s" % error
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
