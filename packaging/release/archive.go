package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// item is one file of an archive.
type item struct {
	name       string // in the archive
	path       string // on the disk
	executable bool
}

// example writes config.example.yaml as it is for an installed service: its state is where the service may write, and whoever calls a verb
// finds it there too.
func (r *release) example(t target) (string, error) {
	const asWritten = "\n# state: /var/lib/kisi-sync/kisi-sync.db\n"
	state := "/var/lib/kisi-sync/kisi-sync.db"
	if t.os == "windows" {
		state = "state/kisi-sync.db"
	}
	raw, err := os.ReadFile(filepath.Join(r.root, "config.example.yaml"))
	if err != nil {
		return "", err
	}
	text := strings.Replace(string(raw), asWritten, "\nstate: "+state+"\n", 1)
	if text == string(raw) {
		return "", errors.New("config.example.yaml has no line about the state any more")
	}
	path := filepath.Join(r.out, ".work", t.os+".example.yaml")
	return path, os.WriteFile(path, []byte(text), 0o644)
}

// contents are the files of the archive for a system.
func (r *release) contents(t target, program string) []item {
	all := []item{{t.program(), program, true}}
	for _, name := range []string{"LICENSE", "README.md", "config.example.yaml", "packaging/THIRD_PARTY_NOTICES"} {
		all = append(all, item{path.Base(name), filepath.Join(r.root, name), false})
	}
	if t.os == "linux" {
		for _, name := range []string{"kisi-sync.service", "kisi-sync@.service", "kisi-sync.sysusers"} {
			all = append(all, item{"systemd/" + name, filepath.Join(r.root, "packaging/systemd", name), false})
		}
	}
	return all
}

// archive packs the program and what belongs to it: a .zip for Windows, a .tar.gz for the others. Every file has the moment of
// the commit and belongs to nobody.
func (r *release) archive(t target, program string) (err error) {
	ending, pack := ".tar.gz", packTar
	if t.os == "windows" {
		ending, pack = ".zip", packZip
	}
	file, err := os.Create(r.name(t, ending))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	top := strings.TrimSuffix(filepath.Base(file.Name()), ending)
	return pack(file, top, r.contents(t, program), r.moment)
}

func packTar(w io.Writer, top string, items []item, moment time.Time) error {
	squeezed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	packed := tar.NewWriter(squeezed)
	for _, i := range items {
		raw, err := os.ReadFile(i.path)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: top + "/" + i.name, Mode: int64(i.mode()), Size: int64(len(raw)), ModTime: moment, Format: tar.FormatUSTAR}
		if err := packed.WriteHeader(header); err != nil {
			return err
		}
		if _, err := packed.Write(raw); err != nil {
			return err
		}
	}
	return errors.Join(packed.Close(), squeezed.Close())
}

func packZip(w io.Writer, top string, items []item, moment time.Time) error {
	packed := zip.NewWriter(w)
	for _, i := range items {
		raw, err := os.ReadFile(i.path)
		if err != nil {
			return err
		}
		header := &zip.FileHeader{Name: top + "/" + i.name, Method: zip.Deflate, Modified: moment}
		header.SetMode(i.mode())
		entry, err := packed.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(raw); err != nil {
			return err
		}
	}
	return packed.Close()
}

func (i item) mode() os.FileMode {
	if i.executable {
		return 0o755
	}
	return 0o644
}

const sumsFile = "SHA256SUMS"

// checksums writes SHA256SUMS, as `sha256sum --check` reads it, over every file of the release.
func (r *release) checksums() error {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, entry := range entries {
		sum, err := sha256Of(filepath.Join(r.out, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%x  %s\n", sum, entry.Name())
	}
	_, _ = fmt.Fprint(r.say, lines.String())
	return os.WriteFile(filepath.Join(r.out, sumsFile), []byte(lines.String()), 0o644)
}

func sha256Of(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // opened for reading only
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return nil, err
	}
	return hash.Sum(nil), nil
}
