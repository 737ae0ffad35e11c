package dev.gnserve.volume;

import dev.gnserve.image.CorruptImageException;
import dev.gnserve.image.UnsupportedImageException;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.jspecify.annotations.Nullable;

/** Reads OME-XML, the description of an OME-TIFF file (OME model 2016-06: Pixels, Channel, TiffData). */
final class OmeDescription {

    /** An element {@code TiffData}: pages from {@code page} on stand for planes from c, z on. */
    private record Data(int page, int channel, int plane, int count) {}

    private final List<Data> data = new ArrayList<>();
    private final Set<String> files = new HashSet<>();
    private int images;
    private String order = "XYZCT";
    private int width;
    private int depth = 1;
    private int channels = 1;
    private int times = 1;
    private int samples = 1;
    private final @Nullable Double[] spacing = new Double[3];
    private final @Nullable String[] units = new String[3];

    private OmeDescription() {}

    static StackAxes read(String xml, int pages) throws IOException {
        XMLInputFactory factory = XMLInputFactory.newFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        OmeDescription found = new OmeDescription();
        try {
            XMLStreamReader reader = factory.createXMLStreamReader(new StringReader(xml));
            while (reader.hasNext()) {
                if (reader.next() == XMLStreamConstants.START_ELEMENT) {
                    found.element(reader);
                }
            }
        } catch (XMLStreamException | NumberFormatException e) {
            throw new CorruptImageException("its OME-XML cannot be read: " + e.getMessage());
        }
        return found.axes(pages);
    }

    private void element(XMLStreamReader element) {
        switch (element.getLocalName()) {
            case "Pixels" -> {
                images++;
                order = text(element, "DimensionOrder", order);
                width = number(element, "SizeX", 0);
                depth = number(element, "SizeZ", 1);
                channels = number(element, "SizeC", 1);
                times = number(element, "SizeT", 1);
                String[] axes = {"Z", "Y", "X"};
                for (int i = 0; i < 3; i++) {
                    String size = element.getAttributeValue(null, "PhysicalSize" + axes[i]);
                    spacing[i] = size == null ? null : Double.valueOf(size);
                    units[i] = Geometry.unit(text(element, "PhysicalSize" + axes[i] + "Unit", "\u00B5m"));
                }
            }
            case "Channel" -> samples = Math.max(samples, number(element, "SamplesPerPixel", 1));
            case "TiffData" -> {
                boolean one = element.getAttributeValue(null, "IFD") != null;
                data.add(new Data(
                        number(element, "IFD", 0),
                        number(element, "FirstC", 0),
                        number(element, "FirstZ", 0),
                        number(element, "PlaneCount", one ? 1 : Integer.MAX_VALUE)));
            }
            case "UUID" -> files.add(text(element, "FileName", ""));
            default -> {}
        }
    }

    private static String text(XMLStreamReader element, String name, String otherwise) {
        String given = element.getAttributeValue(null, name);
        return given == null ? otherwise : given;
    }

    private static int number(XMLStreamReader element, String name, int otherwise) {
        String given = element.getAttributeValue(null, name);
        return given == null ? otherwise : Integer.parseInt(given.strip());
    }

    private StackAxes axes(int pages) throws IOException {
        if (images != 1 || width < 1) {
            throw new UnsupportedImageException(
                    "its OME-XML describes %d images; send a file with one".formatted(images));
        }
        if (times > 1) {
            throw new UnsupportedImageException("it has %d points of time; send one of them".formatted(times));
        }
        if (files.size() > 1) {
            throw new UnsupportedImageException(
                    "its planes are in %d files; save them in one file".formatted(files.size()));
        }
        int paged = Math.max(1, channels / samples);
        if (depth < 1 || paged > pages || depth > pages) {
            throw new UnsupportedImageException(
                    "its OME-XML speaks of %d x %d planes, and it has %d pages; save every plane as a page"
                            .formatted(depth, paged, pages));
        }
        boolean planesFirst = order.indexOf('Z') < order.indexOf('C');
        Integer[] places = new Integer[paged * depth];
        if (data.isEmpty()) {
            data.add(new Data(0, 0, 0, Integer.MAX_VALUE));
        }
        for (Data block : data) {
            int first = planesFirst ? block.channel() * depth + block.plane() : block.plane() * paged + block.channel();
            for (int i = 0; i < block.count() && first + i < places.length && first + i >= 0; i++) {
                int at = first + i;
                int channel = planesFirst ? at / depth : at % paged;
                int plane = planesFirst ? at % depth : at / paged;
                places[channel * depth + plane] = block.page() + i;
            }
        }
        for (Integer place : places) {
            if (place == null || place < 0 || place >= pages) {
                throw new UnsupportedImageException(
                        "its OME-XML gives no page of the file for one of its %d planes; save every plane as a page"
                                .formatted(places.length));
            }
        }
        boolean known = units[0] != null
                && Arrays.stream(spacing).allMatch(step -> step != null && step > 0 && Double.isFinite(step))
                && Arrays.stream(units).allMatch(unit -> units[0].equals(unit));
        return new StackAxes(
                paged, depth, List.of(places), known ? Arrays.stream(spacing).toList() : null, known ? units[0] : null);
    }
}
