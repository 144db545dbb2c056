"""The room of a video visit: who may enter, how the two browsers find each other, and whose service carries it."""
