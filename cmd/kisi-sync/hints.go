package main

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// hintFor says what to do about an error that came without a hint of its own.
func hintFor(err error) string {
	var bad *secret.Error
	switch text := err.Error(); {
	case errors.As(err, &bad):
		return bad.Hint
	case errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(text, "read configuration"):
		return "name your file with --config, start from config.example.yaml, or see kisi-sync demo"
	case errors.Is(err, access.ErrStop) && strings.Contains(text, "401"):
		return "Kisi does not accept the API key: make a new one and put it where kisi.api_key points"
	case strings.HasPrefix(text, "source "):
		return "nothing was removed; kisi-sync check says more about the source"
	case errors.Is(err, access.ErrStop), errors.Is(err, access.ErrUnknownOutcome):
		return "nothing is lost: run the same again, it goes on where it stopped"
	}
	return ""
}
