// Package access holds the words of the target: members, groups and role assignments as they should be (Desired), as they are
// (State), as they are ours (Ledger), and what is done about the difference (Change, Call, Hold).
//
// It knows people only as opaque anchors and never mentions directories. It is pure: no clock, no disk, no network, no
// randomness; equal input gives equal output, byte for byte.
package access
