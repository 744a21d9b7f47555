//! BANNERS: an uploaded file becomes an image of our own making.

pub mod raster;
