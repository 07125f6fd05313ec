// Package directory holds the words of sources: what a connector states (Record), what is known of one directory (Snapshot)
// and how several of them look together (View).
//
// It keeps a million people in columns: one arena per kind of text, references interned once, member lists as sorted numbers.
// A Snapshot never changes; a Builder makes the next one from the last one and what was read. The order of records never
// matters. Nesting of groups is closed in View, not in connectors, and cycles are fine.
//
// It knows nothing of Kisi, of rules, of the network or of the clock.
package directory
