module house.example/x

go 1.26

require (
	example/nohost v1.0.0
	git.acme.internal/tools v0.1.0
	github.com/stretchr/testify v1.11.1
	github.com/stretchr/objx v0.5.2 // indirect
	github.com/stretchr/testify v1.11.0 // indirect
)

require 10.0.0.7/lib v1.0.0

replace golang.org/x/sys => ../sys
