package store

func reset() { count = 0 }
