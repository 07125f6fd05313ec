package config

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxListed bounds how many words a hint lists.
const maxListed = 30

// hintFor proposes the known word that is nearest to an unknown one, or else lists the known words.
func hintFor(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return "did you mean `" + near + "`?"
	}
	if len(known) == 0 || len(known) > maxListed {
		return ""
	}
	sorted := slices.Sorted(slices.Values(known))
	return "known here: " + strings.Join(sorted, ", ")
}

// nearest returns the known word with the fewest typing errors against word, or "" when none is near. Of several, the first
// in the order of the alphabet.
func nearest(word string, known []string) string {
	if utf8.RuneCountInString(word) > 100 {
		return ""
	}
	best, bestAt := "", 1+utf8.RuneCountInString(word)/3
	for _, k := range slices.Sorted(slices.Values(known)) {
		if strings.EqualFold(word, k) {
			return k
		}
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < bestAt || d == bestAt && best == "" && d <= 2 {
			best, bestAt = k, d
		}
	}
	return best
}

// distance counts the letters to insert, remove, replace or swap with their neighbour (optimal string alignment).
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	older, last, now := make([]int, len(to)+1), make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(from); i++ {
		now[0] = i
		for j := 1; j <= len(to); j++ {
			same := 1
			if from[i-1] == to[j-1] {
				same = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+same)
			if i > 1 && j > 1 && from[i-1] == to[j-2] && from[i-2] == to[j-1] {
				now[j] = min(now[j], older[j-2]+1)
			}
		}
		older, last, now = last, now, older
	}
	return last[len(to)]
}
