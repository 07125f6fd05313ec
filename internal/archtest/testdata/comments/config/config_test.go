package config

func Helper() {}
