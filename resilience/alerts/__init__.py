"""Every alert fired once and ended, and every panel's queries evaluated, by Prometheus."""
