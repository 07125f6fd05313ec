package main

import "house.example/x/internal/sim/fake"
