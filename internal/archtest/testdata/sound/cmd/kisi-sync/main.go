// Package main is a broken example.
// It promises nothing.
package main

import (
	"house.example/x/sync/engine"
	"time"
)

func main() { _ = engine.Options{Now: time.Now}; println(time.Now().String()) }
