package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// didYouMean returns a hint that names the candidate closest to word, "" when none is close.
func didYouMean(word string, candidates []string) string {
	near := similar(word, candidates, 1)
	if len(near) == 0 || distance(fold(word), fold(near[0])) > 1+len(word)/4 {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", near[0])
}

// suggest returns a hint for an unknown word: the closest candidate, or else what there is.
func suggest(word string, candidates []string) string {
	if hint := didYouMean(word, candidates); hint != "" {
		return hint
	}
	if len(candidates) == 0 {
		return "there is none"
	}
	return "there is " + quoteAll(similar(word, candidates, 10))
}

// similar returns at most n candidates, the closest to word first.
func similar(word string, candidates []string, n int) []string {
	type scored struct {
		text string
		far  int
	}
	all, word := make([]scored, 0, len(candidates)), fold(word)
	for _, c := range candidates {
		all = append(all, scored{c, distance(word, fold(c))})
	}
	slices.SortFunc(all, func(a, b scored) int {
		if a.far != b.far {
			return a.far - b.far
		}
		return compare(a.text, b.text)
	})
	out := make([]string, 0, n)
	for _, s := range all {
		if len(out) < n && !slices.Contains(out, s.text) {
			out = append(out, s.text)
		}
	}
	return out
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// distance is how many letters must be added, taken or changed to make b of a (Levenshtein). What begins or ends with the other
// is near whatever its length.
func distance(a, b string) int {
	if a != "" && b != "" && (strings.HasPrefix(b, a) || strings.HasSuffix(b, a)) {
		return 1
	}
	const longest = 100 // names are short; what is longer is compared by its beginning
	x, y := []rune(a[:min(len(a), longest)]), []rune(b[:min(len(b), longest)])
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		last := row[0]
		row[0] = i + 1
		for j := range y {
			cost := last
			if x[i] != y[j] {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(quoted, ", ")
}
