module house.example/x

go 1.26
