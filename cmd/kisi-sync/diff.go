package main

import (
	"fmt"
	"strings"
)

// unifiedDiff shows how one text becomes another, in lines with some around them; "" when they are the same.
func unifiedDiff(before, after []byte) string {
	a, b := linesOf(before), linesOf(after)
	const around = 2
	keep := commonLines(a, b)
	var out strings.Builder
	i, j, last := 0, 0, -1 // last: the line of a up to which all is written
	for _, m := range append(keep, [2]int{len(a), len(b)}) {
		if m[0] == i && m[1] == j {
			i, j = m[0]+1, m[1]+1
			continue
		}
		from := max(i-around, last, 0)
		if from > last || last < 0 {
			fmt.Fprintf(&out, "@@ line %d\n", from+1)
		}
		writeLines(&out, " ", a[from:i])
		writeLines(&out, "-", a[i:m[0]])
		writeLines(&out, "+", b[j:m[1]])
		last = m[0]
		for n := 0; n < around && last < len(a) && follows(keep, last, m[1]+n); n++ {
			writeLines(&out, " ", a[last:last+1])
			last++
		}
		i, j = m[0]+1, m[1]+1
	}
	return out.String()
}

// follows says that line i of one is line j of the other.
func follows(keep [][2]int, i, j int) bool {
	for _, m := range keep {
		if m[0] == i {
			return m[1] == j
		}
	}
	return false
}

func writeLines(out *strings.Builder, mark string, lines []string) {
	for _, line := range lines {
		out.WriteString(mark + line + "\n")
	}
}

func linesOf(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// commonLines returns the longest common subsequence of lines, as pairs of their numbers. What is alike at both ends needs no looking at.
func commonLines(a, b []string) (pairs [][2]int) {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		pairs = append(pairs, [2]int{head, head})
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	for _, p := range longest(a[head:len(a)-tail], b[head:len(b)-tail]) {
		pairs = append(pairs, [2]int{head + p[0], head + p[1]})
	}
	for n := tail; n > 0; n-- {
		pairs = append(pairs, [2]int{len(a) - n, len(b) - n})
	}
	return pairs
}

// longest is the textbook's table. Where it would be too large the lines count as all different, which is right if not pretty.
func longest(a, b []string) (pairs [][2]int) {
	if len(a)*len(b) > 4<<20 {
		return nil
	}
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			table[i][j] = max(table[i+1][j], table[i][j+1])
			if a[i] == b[j] {
				table[i][j] = table[i+1][j+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			pairs = append(pairs, [2]int{i, j})
			i, j = i+1, j+1
		case table[i+1][j] >= table[i][j+1]:
			i++
		default:
			j++
		}
	}
	return pairs
}
