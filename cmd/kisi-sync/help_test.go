package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every verb says what it is for and shows how it is called, in lines that fit.
func TestEveryVerbHasHelpWithExamples(t *testing.T) {
	root := newRoot(newCall(world{in: strings.NewReader(""), out: io.Discard, err: io.Discard}))
	verbs := 0
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		verbs++
		path := cmd.CommandPath()
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: its short help is %q, want a sentence without a full stop", path, cmd.Short)
		}
		if !strings.Contains(cmd.Example, "  "+path) {
			t.Errorf("%s: no example calls it; Example: %q", path, cmd.Example)
		}
		for line := range strings.SplitSeq(cmd.Long+"\n"+cmd.Example, "\n") {
			if len([]rune(line)) > 124 {
				t.Errorf("%s: a line of its help has %d characters: %s", path, len([]rune(line)), line)
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
	if verbs < 15 {
		t.Errorf("only %d verbs were seen", verbs)
	}
}

// What is called as an example must be a command line that the program understands.
func TestEveryExampleIsUnderstood(t *testing.T) {
	fresh := func() *cobra.Command {
		return newRoot(newCall(world{in: strings.NewReader(""), out: io.Discard, err: io.Discard}))
	}
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		for line := range strings.SplitSeq(cmd.Example, "\n") {
			for _, args := range commandLines(line) {
				found, rest, err := fresh().Find(args) // what an example before it said is not said any more
				if err == nil {
					err = found.ParseFlags(rest)
				}
				if err == nil {
					err = found.ValidateArgs(found.Flags().Args())
				}
				if err != nil {
					t.Errorf("%s: example %q: %v", cmd.CommandPath(), line, err)
				}
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(fresh())
}

// commandLines finds what follows each kisi-sync of a line, up to a sign of the shell or the explanation behind it.
func commandLines(line string) [][]string {
	var all [][]string
	for _, part := range strings.Split(line, "kisi-sync ")[1:] {
		part, _, _ = strings.Cut(part, "  ")
		if i := strings.IndexAny(part, "|;>)"); i >= 0 {
			part = part[:i]
		}
		all = append(all, words(part))
	}
	return all
}

// words splits a command line as a shell does, as far as examples need it: what stands in quotation marks is one word.
func words(line string) (all []string) {
	for line != "" {
		at := strings.IndexAny(line, `'"`)
		if at < 0 {
			return append(all, strings.Fields(line)...)
		}
		all = append(all, strings.Fields(line[:at])...)
		word, rest, _ := strings.Cut(line[at+1:], line[at:at+1])
		all, line = append(all, word), rest
	}
	return all
}
