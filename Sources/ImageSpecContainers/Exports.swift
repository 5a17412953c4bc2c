// SPDX-License-Identifier: Apache-2.0

// Who builds images also needs the engine, its events and its results, so one import brings both.
@_exported public import ImageSpecBuilding
