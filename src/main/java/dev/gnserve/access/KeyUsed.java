package dev.gnserve.access;

/**
 * Event: a request came with a key of the service. Published on its thread, before the operation runs.
 *
 * @param id of the key
 */
public record KeyUsed(String id) {}
