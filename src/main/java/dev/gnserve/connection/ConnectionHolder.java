package dev.gnserve.connection;

/** A channel of Tomcat that knows its connection. */
interface ConnectionHolder {

    Connection connection();
}
