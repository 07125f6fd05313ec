// Package bench measures what a user waits for: reading a directory, deciding, and loading Kisi. Figures are ratios within one run
// wherever two things are compared, because machines differ.
//
//	go test -run '^$' -bench Compute -benchtime 1x ./bench      map and plan, 50,000 and 1,000,000 people
//	go test -run '^$' -bench Read -benchtime 3x ./bench         100,000 people from slapd, against ldapsearch
//	go test -run '^$' -bench Million -benchtime 1x -timeout 30m ./bench      the same with 1,000,000
//	go test -run '^$' -bench Increment -benchtime 5x ./bench    ten changes among 100,000 people, against a full read
//	go test -run '^$' -bench FirstLoad -benchtime 1x -timeout 30m ./bench    1,000 people at Kisi's real pace
//	go test -run '^$' -bench Idle -benchtime 50x ./bench        a minute of the daemon in which nothing happens, 100,000 people
//	go test -run '^$' -bench Leaver -benchtime 100x -timeout 40m ./bench     how long a leaver waits: slapd and Samba, watched and polled, at Kisi's real pace
//	go test -run '^$' -bench Process -benchtime 1x -timeout 30m ./bench      binary, start, and memory of the daemon, 10,000 and 100,000 people
//	go test -run HowLong -v ./internal/daemon -figures 100      the same without network and directory, in virtual time
//
// It holds benchmarks, and one test that the whole chain works; nothing here is asserted but that the work was done.
package bench
