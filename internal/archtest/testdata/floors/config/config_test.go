package config

import _ "house.example/x/internal/sim/fake"
