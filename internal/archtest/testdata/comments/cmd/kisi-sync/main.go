package main

func Exported() {}
