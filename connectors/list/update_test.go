package list

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestAnUpdateKeepsTheModeAndFollowsALink(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "guests.yaml"), filepath.Join(dir, "link.yaml")
	write(t, path, "people: []\n")
	if err := errors.Join(os.Chmod(path, 0o640), os.Symlink("guests.yaml", link)); err != nil {
		t.Skip(err) // links want a right on Windows
	}
	if err := Update(context.Background(), link, []byte("people: []\n"), []byte("people: [{id: a}]\n")); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != "people: [{id: a}]\n" {
		t.Errorf("the file says %q, %v", got, err)
	}
	info, err := os.Lstat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWhatSomebodyElseWroteIsNotOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guests.yaml")
	write(t, path, "people: [{id: theirs}]\n")
	if err := Update(context.Background(), path, []byte("people: []\n"), []byte("people: [{id: ours}]\n")); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "people: [{id: theirs}]\n" {
		t.Errorf("the file says %q", got)
	}
}

func TestOfManyWhoChangeAListAtOnceNobodyIsLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guests.yaml")
	write(t, path, "people: []\n")
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			for {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Error(err)
					return
				}
				d := document(t, string(text)) // a file that is half there would be one with problems
				if err := d.Put(Person{Email: fmt.Sprintf("p%d@x.example", i)}); err != nil {
					t.Error(err)
					return
				}
				if err = Update(context.Background(), path, text, d.Text()); !errors.Is(err, ErrChanged) {
					if err != nil {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	wait.Wait()
	text, _ := os.ReadFile(path)
	if n := strings.Count(string(text), "email:"); n != 20 {
		t.Errorf("%d of 20 people are there:\n%s", n, text)
	}
}
