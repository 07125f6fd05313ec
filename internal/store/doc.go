// Package store is everything that kisi-sync remembers, in one bbolt file: snapshots with their cursors, the ledger with Kisi as
// last seen, the journal of calls under way, holds, pins, bindings, what was spent, runs and the audit trail.
//
// It promises that what belongs together is written together or not at all, that a write is on the disk when its method returns,
// and that a damaged row is an error which names the file, never a smaller answer. One process has the file open at a time; within
// it, a Store may be used by many goroutines. It starts none.
//
// It decides nothing about people, doors or calls: what a success means is said by access.Account.After. It must not log and must
// not talk to anybody.
package store
