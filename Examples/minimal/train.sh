#!/bin/sh
# Stands for a training program: lr and seed are its arguments.
echo "training with learning rate $1 and seed $2"
awk -v lr="$1" -v seed="$2" 'BEGIN { printf "{\"loss\": %.4f}\n", (lr - 0.02) ^ 2 + seed / 100 }' > results.json
