// Package killtest ends the real program from outside, at every place where that could hurt, and looks at what is left: kill -9 at
// every call to Kisi and at every write to the state file, an interrupt at every call, a disk that is full or may not be written.
//
// All of it is tests. They build the program, run it as processes against a simulated Kisi in the test's own process, and hold the
// end against that of a run that nobody disturbed. The program is the one of this module but for cmd/kisi-sync/clock.go, which
// testdata/clock.go replaces while it is built, so that two minutes pass at once and five calls a second are no limit; -shipped
// takes the program as it is and waits. docs/safety.md names the longer commands.
package killtest
