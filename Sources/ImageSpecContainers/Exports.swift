// SPDX-License-Identifier: Apache-2.0

// Who builds images also needs specs, the engine, its events and its results, so one import brings all.
@_exported public import ImageSpec
@_exported public import ImageSpecBuilding
