package kisisim

import "slices"

// table keeps rows by id and remembers the order of ids, which is the order of creation.
type table[T any] struct {
	rows  map[int64]*T
	order []int64
}

func (t *table[T]) put(id int64, row *T) {
	if t.rows == nil {
		t.rows = make(map[int64]*T)
	}
	if _, exists := t.rows[id]; !exists {
		t.order = insertID(t.order, id)
	}
	t.rows[id] = row
}

func (t *table[T]) get(id int64) *T { return t.rows[id] }

func (t *table[T]) drop(id int64) {
	delete(t.rows, id)
	t.order = removeID(t.order, id)
}

func (t *table[T]) size() int { return len(t.rows) }

func (t *table[T]) all() []*T { return t.pick(t.order) }

// pick returns the rows of ids in the order given, without those that do not exist.
func (t *table[T]) pick(ids []int64) []*T {
	out := make([]*T, 0, len(ids))
	for _, id := range ids {
		if row := t.rows[id]; row != nil {
			out = append(out, row)
		}
	}
	return out
}

// index finds the ids of rows by some property of theirs; the ids of one entry are ascending.
type index[K comparable] map[K][]int64

func (x index[K]) add(key K, id int64) { x[key] = insertID(x[key], id) }

func (x index[K]) remove(key K, id int64) {
	if left := removeID(x[key], id); len(left) > 0 {
		x[key] = left
	} else {
		delete(x, key)
	}
}

func insertID(ids []int64, id int64) []int64 {
	at, found := slices.BinarySearch(ids, id)
	if found {
		return ids
	}
	return slices.Insert(ids, at, id)
}

func removeID(ids []int64, id int64) []int64 {
	at, found := slices.BinarySearch(ids, id)
	if !found {
		return ids
	}
	return slices.Delete(ids, at, at+1)
}
