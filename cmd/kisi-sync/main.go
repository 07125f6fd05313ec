// Command kisi-sync keeps a Kisi organization in step with the directories of a company: who is in which group, and so who can
// open which door. `kisi-sync demo` shows it at work without any account; `kisi-sync --help` lists the verbs.
//
// This package is the roof: flags, verbs, voice and exit codes, and the introductions of everything below to each other.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones where the system brings none that Go can read: Windows, and an image of nothing but the program
)

func main() {
	collectOften()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the process at once, wherever it is
	code := run(ctx, world{in: os.Stdin, out: os.Stdout, err: os.Stderr, args: os.Args[1:]})
	stop()
	os.Exit(code)
}
