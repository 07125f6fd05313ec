package store

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// child is what the test binary does when it plays another kisi-sync. It returns the exit code.
func child(verb string, args []string) int {
	err := fmt.Errorf("no verb %q", verb)
	switch verb {
	case "hold":
		err = holdOpen(args[0])
	case "write":
		err = writeForEver(args[0])
	case "fill":
		err = fillUp(args[0], args[1])
	case "backup":
		err = backUp(args[0], args[1], args[2])
	case "restore":
		err = restoreForEver(args[0], args[1], args[2])
	case "open":
		_, err = Open(args[0], Options{})
		fmt.Println("ready")
		fmt.Println(err)
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func holdOpen(path string) error {
	if _, err := Open(path, Options{}); err != nil {
		return err
	}
	fmt.Println("ready")
	select {}
}

// backUp makes a copy on a disk that is full, as fillUp has it.
func backUp(limit, path, to string) error {
	most, err := strconv.ParseUint(limit, 10, 64)
	if err != nil {
		return err
	}
	s, err := Open(path, Options{})
	if err != nil {
		return err
	}
	if err := limitFileSize(most); err != nil {
		return err
	}
	fmt.Println("ready")
	fmt.Println(strings.ReplaceAll(fmt.Sprint(s.Backup(context.Background(), to)), "\n", " "))
	return s.Close()
}

// restoreForEver puts one backup in place after the other.
func restoreForEver(path, small, large string) error {
	fmt.Println("ready")
	for n := 0; ; n++ {
		from := small
		if n%2 == 0 {
			from = large
		}
		if _, err := Restore(context.Background(), path, Replacement{From: from, Said: record.Said{By: "eva", Why: "a test"}}); err != nil {
			return err
		}
		fmt.Println("restored", n)
	}
}

type fatal struct{}

func (fatal) Fatal(a ...any) { panic(fmt.Sprint(a...)) }

// writeForEver writes round after round and says after each commit what is on the disk now.
func writeForEver(path string) error {
	s, err := Open(path, Options{})
	if err != nil {
		return err
	}
	s.sizes.edits, s.sizes.batch = 40, 25
	fmt.Println("ready")
	ctx, last := context.Background(), (*directory.Snapshot)(nil)
	for n := 1; ; n++ {
		if err := writeRound(ctx, s, n, &last); err != nil {
			return err
		}
	}
}

func writeRound(ctx context.Context, s *Store, n int, last **directory.Snapshot) error {
	*last = read{last: *last, coverage: directory.Complete, at: access.Instant(n).Time(), records: staff(20 + n%7*30)}.seal(fatal{})
	if err := s.SaveSnapshot(ctx, *last); err != nil {
		return err
	}
	fmt.Println("snapshot", n)
	seq, err := s.Begin(ctx, give(access.RemoteID(n), 7))
	if err != nil {
		return err
	}
	fmt.Println("begun", n)
	if err := s.Finish(ctx, seq, access.Result{ID: access.RemoteID(n)}, nil); err != nil {
		return err
	}
	fmt.Println("finished", n)
	return nil
}

// fillUp writes until the disk is full, which the first argument stands in for: how large a file may become.
func fillUp(limit, path string) error {
	most, err := strconv.ParseUint(limit, 10, 64)
	if err != nil {
		return err
	}
	s, err := Open(path, Options{})
	if err != nil {
		return err
	}
	if err := limitFileSize(most); err != nil {
		return err
	}
	fmt.Println("ready")
	for n := access.RemoteID(1); ; n++ {
		if _, err := s.Begin(context.Background(), give(n, 7)); err != nil {
			fmt.Println("refused", err)
			return s.Close()
		}
		fmt.Println("begun", n)
	}
}
