/** What runs a model's archive: the interface of a back end and the tensors that go in and come out; plain Java. */
@NullMarked
package dev.gnserve.backend;

import org.jspecify.annotations.NullMarked;
