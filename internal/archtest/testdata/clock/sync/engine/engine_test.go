package engine

import (
	"testing"
	"time"
)

func TestIt(t *testing.T) { time.Sleep(time.Second) }
