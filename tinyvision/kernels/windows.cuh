// Windows over images. Constants: H, W the image; KH, KW the window; OH, OW how many there are; SH, SW the strides; DH, DW the dilation;
// TOP, LEFT the margins. Pixel h lies under position p of window a where h + TOP = a SH + p DH, and so for the width.

__device__ bool inside(int at, int size) { return unsigned(at) < unsigned(size); }

// The window of which position p lies over place u, the margin counted; -1 if there is none.
__device__ int window_over(int u, int p, int stride, int dilation, int windows) {
    const int start = u - p * dilation, window = start / stride;
    return start >= 0 && window * stride == start && window < windows ? window : -1;
}
