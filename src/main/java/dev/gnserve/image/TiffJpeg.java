package dev.gnserve.image;

import java.awt.Rectangle;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.IOException;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;

/** Decodes TIFF pages whose strips or tiles are JPEG files (TIFF Technical Note 2): each must have the size that the page says. */
final class TiffJpeg {

    private final TiffPage page;
    private final ImageReader reader;
    private final DecodeWork work;
    private final byte[] samples;

    private TiffJpeg(TiffPage page, ImageReader reader, DecodeWork work) {
        this.page = page;
        this.reader = reader;
        this.work = work;
        this.samples = new byte[page.width() * page.height() * page.samples().count()];
    }

    /**
     * The stored page.
     *
     * @param reader for JPEG files
     */
    static UprightImage read(TiffPage page, ImageReader reader, DecodeWork work) throws IOException {
        TiffJpeg jpeg = new TiffJpeg(page, reader, work);
        int tiles = page.across() * page.down();
        int planes = page.isPlanar() ? page.samples().count() : 1;
        for (int plane = 0; plane < planes; plane++) {
            for (int tile = 0; tile < tiles; tile++) {
                jpeg.tile(tile, plane, page.jpeg(plane * tiles + tile));
            }
        }
        return JpegColors.convert(jpeg.samples, page);
    }

    private void tile(int tile, int plane, byte[] bytes) throws IOException {
        work.goOn();
        int left = tile % page.across() * page.tileWidth();
        int top = tile / page.across() * page.tileHeight();
        int width = Math.min(page.tileWidth(), page.width() - left);
        int height = Math.min(page.tileHeight(), page.height() - top);
        JpegStructure structure = structure(bytes, (w, h) -> requireSize(tile, w, h, width, height));
        requireComponents(structure, tile);
        JpegWarnings warnings = new JpegWarnings();
        reader.addIIOReadWarningListener(warnings);
        reader.setInput(structure.bare(work), true, true);
        ImageReadParam part = reader.getDefaultReadParam();
        part.setSourceRegion(new Rectangle(width, height));
        Raster raster = reader.readRaster(0, part);
        reader.removeIIOReadWarningListener(warnings);
        warnings.throwIfDamaged();
        byte[] from = ((DataBufferByte) raster.getDataBuffer()).getData();
        int step = structure.components();
        int all = page.samples().count();
        for (int y = 0; y < height; y++) {
            int to = ((top + y) * page.width() + left) * all + plane;
            if (step == all) {
                System.arraycopy(from, y * width * step, samples, to, width * step);
            } else {
                for (int x = 0; x < width; x++) {
                    samples[to + x * all] = from[y * width + x];
                }
            }
        }
    }

    private JpegStructure structure(byte[] bytes, JpegStructure.SizeCheck size) throws IOException {
        try {
            return JpegStructure.read(bytes, size);
        } catch (CorruptImageException e) {
            throw page.compression() == TiffCompression.OLD_STYLE_JPEG ? TiffPage.oldStyle() : e;
        }
    }

    /** The part of a tile that is within the page may be smaller than the tile. */
    private void requireSize(int tile, int width, int height, int widthInside, int heightInside)
            throws UnsupportedImageException {
        if (width < widthInside || width > page.tileWidth() || height < heightInside || height > page.tileHeight()) {
            throw new UnsupportedImageException(
                    "the JPEG in its strip or tile %d has %d x %d pixels where the page has %d x %d; save it with the same size in both"
                            .formatted(tile, width, height, page.tileWidth(), page.tileHeight()));
        }
    }

    private void requireComponents(JpegStructure structure, int tile) throws UnsupportedImageException {
        int components = page.isPlanar() ? 1 : page.samples().count();
        if (structure.components() != components) {
            throw new UnsupportedImageException(
                    "the JPEG in its strip or tile %d has %d components where the page has %d; save it with the same number in both"
                            .formatted(tile, structure.components(), components));
        }
    }
}
