// Package store is a broken example.
// It promises nothing.
package store

import (
	"errors"
	"sync"
)

var errGone = errors.New("gone")

var names = map[string]int{"a": 1}

var (
	count  int
	lock   sync.Mutex
	pool   = &sync.Pool{}
	events = make(chan int)
	list   []string
	point  struct{ x int }
	shared int
)

func local() int {
	count, list := 1, []string{"local names are nobody's business"}
	count++
	list[0] = ""
	return count + names["a"]
}
