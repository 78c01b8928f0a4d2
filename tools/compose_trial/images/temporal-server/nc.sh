#!/bin/bash
# `nc -z HOST PORT`, which Alpine's BusyBox has and Debian's has not.
exec 3<>"/dev/tcp/$2/$3"
