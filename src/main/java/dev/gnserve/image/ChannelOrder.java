package dev.gnserve.image;

/** Which colours a network takes, in which order. */
public enum ChannelOrder {
    RGB(3),
    BGR(3),
    GRAY(1);

    private final int channels;

    ChannelOrder(int channels) {
        this.channels = channels;
    }

    public int channels() {
        return channels;
    }
}
