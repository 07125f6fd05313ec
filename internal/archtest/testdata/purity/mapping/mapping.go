// Package mapping is a broken example.
// It promises nothing.
package mapping

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"time"
)

func today() time.Time { return time.Now() }
