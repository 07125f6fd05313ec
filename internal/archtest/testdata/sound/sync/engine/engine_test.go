package engine

import "house.example/x/internal/sim/fake"

var _ = fake.New
