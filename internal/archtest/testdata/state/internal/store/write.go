package store

func write() *int {
	count++
	names["b"] = 2
	delete(names, "a")
	list = append(list, "x")
	point.x = 1
	for count = range 3 {
	}
	return &shared
}
