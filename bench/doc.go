// Package bench measures what a user waits for: reading a directory, deciding, and loading Kisi. Figures are ratios within one run
// wherever two things are compared, because machines differ. README.md lists the commands.
//
// It holds benchmarks, and one test that the whole chain works; nothing here is asserted but that the work was done.
package bench
